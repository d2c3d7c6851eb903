package httpd

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// logRequest writes the one line of this request: route patterns, never URLs with queries, never headers.
func (s *Server) logRequest(w *responseWriter, r *Request, began time.Time, aborted bool) {
	level := slog.LevelInfo
	if w.cause != nil {
		level = slog.LevelError
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	ended := time.Now()
	attrs := append(make([]slog.Attr, 0, 16),
		slog.String("method", r.Method),
		slog.String("route", r.routeText()),
		slog.Int("status", w.status),
		slog.Int64("bytes", w.bytes),
		slog.Duration("took", ended.Sub(began)),
		slog.String("ip", r.IP.String()),
		slog.String("request_id", r.ID),
	)
	if r.Subject != nil && !r.Subject.IsAnonymous() {
		attrs = append(attrs, slog.String("user", r.Subject.UserName()))
		if id := r.Subject.TokenID(); id != "" {
			attrs = append(attrs, slog.String("token", string(id)))
		}
	}
	if r.Repo.Name != "" {
		attrs = append(attrs, slog.String("repo", withoutTokens(r.Repo.String())))
	}
	if w.errCode != "" {
		attrs = append(attrs, slog.String("code", string(w.errCode)))
	}
	if w.reason != "" {
		attrs = append(attrs, slog.String("reason", w.reason))
	}
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if w.cause != nil {
		attrs = append(attrs, slog.String("error", withoutTokens(w.cause.Error())))
	}
	line := slog.NewRecord(ended, level, "request", 0) // without the place in the program, which LogAttrs would look for
	line.AddAttrs(attrs...)
	_ = s.log.Handler().Handle(r.Context(), line) // a log that cannot be written fails no request
}

func (r *Request) routeText() string {
	if r.route == nil {
		return "none"
	}
	return r.route.text
}

// requestID makes the id that stands in X-Request-Id, in the log and in the client's exception texts. As on
// the public Hub, an id that the caller chose is taken as it is, and the caller's trace id follows an id of ours.
// Source: huggingface_hub tests/test_utils_http.py, TestUniqueRequestId.
func requestID(r *http.Request) string {
	if own := r.Header.Get("X-Request-Id"); isID(own) {
		return own
	}
	var b [9]byte
	rand.Read(b[:])
	id := hex.EncodeToString(b[:])
	if t := r.Header.Get("X-Amzn-Trace-Id"); isID(t) {
		id += ";" + t
	}
	return id
}

// isID tells whether a caller's id may stand in the log.
func isID(s string) bool {
	return s != "" && len(s) <= 128 && isToken(s) && !tokenLike.MatchString(s)
}

// tokenLike finds what may be an access token. People paste them in the wrong place: as the name of a repository, into
// a header; the log must not keep them.
var tokenLike = regexp.MustCompile(`(hf|api)_([a-z]+_)?[A-Za-z0-9]{20,}`)

func withoutTokens(s string) string {
	if !strings.Contains(s, "hf_") && !strings.Contains(s, "api_") {
		return s // most texts, without the search
	}
	return tokenLike.ReplaceAllString(s, "[redacted]")
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_=.:;", c) >= 0) {
			return false
		}
	}
	return true
}

// peer tells who calls and under which address he reached the hub. Public URLs are built from the latter,
// because clients compare the host names of URLs in answers with the one they were given.
func (s *Server) peer(r *http.Request) (netip.Addr, string) {
	ap, _ := netip.ParseAddrPort(r.RemoteAddr)
	ip := ap.Addr().Unmap()
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if s.trusts(ip) {
		if p := firstOf(r.Header.Get("X-Forwarded-Proto")); p == "http" || p == "https" {
			scheme = p
		}
		if h := firstOf(r.Header.Get("X-Forwarded-Host")); h != "" {
			host = h
		}
		ip = s.forwardedFor(r, ip)
	}
	if s.cfg.PublicURL != "" {
		return ip, strings.TrimRight(s.cfg.PublicURL, "/")
	}
	if !validHost(host) {
		host = "localhost"
	}
	return ip, scheme + "://" + host
}

// forwardedFor walks X-Forwarded-For from the right and stops at the first address that is no trusted proxy:
// what stands further left was written by the caller.
func (s *Server) forwardedFor(r *http.Request, ip netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		a, ok := addressOf(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		ip = a.Unmap()
		if !s.trusts(ip) {
			break
		}
	}
	return ip
}

// addressOf reads an address as proxies write it: some add the port, which puts brackets around one of IPv6.
func addressOf(hop string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return a, true
	}
	ap, err := netip.ParseAddrPort(hop)
	return ap.Addr(), err == nil
}

// country is where the caller is, if the peer is a trusted proxy that says so. XX and T1, which proxies send for unknown places
// and for Tor, are not known.
func (s *Server) country(r *http.Request) string {
	if s.cfg.CountryHeader == "" {
		return ""
	}
	if ap, _ := netip.ParseAddrPort(r.RemoteAddr); !s.trusts(ap.Addr().Unmap()) {
		return ""
	}
	c := strings.ToUpper(strings.TrimSpace(r.Header.Get(s.cfg.CountryHeader)))
	if len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' || c == "XX" {
		return ""
	}
	return c
}

func (s *Server) trusts(ip netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

func firstOf(s string) string {
	first, _, _ := strings.Cut(s, ",")
	return strings.TrimSpace(first)
}

func validHost(h string) bool {
	if h == "" || len(h) > 261 {
		return false
	}
	for i := 0; i < len(h); i++ {
		c := h[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(".-_:[]", c) >= 0) {
			return false
		}
	}
	return true
}
