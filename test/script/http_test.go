package script

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// httpMain is the program http: METHOD PATH [BODY]. It asks the hub in $HF_ENDPOINT, with the token in $HF_TOKEN if there
// is one and the request id in $REQUEST_ID, and prints the status, X-Error-Code, X-Error-Message and other headers that matter, an empty line and the body. A BODY of
// "@file" is the file's content.
func httpMain() {
	if err := httpRequest(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func httpRequest(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return fmt.Errorf("usage: http METHOD PATH [BODY]")
	}
	body := ""
	if len(args) == 3 {
		body = args[2]
	}
	if name, ok := strings.CutPrefix(body, "@"); ok {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		body = string(b)
	}
	req, err := http.NewRequest(args[0], os.Getenv("HF_ENDPOINT")+args[1], strings.NewReader(body))
	if err != nil {
		return err
	}
	if t := os.Getenv("HF_TOKEN"); t != "" {
		req.Header.Set("Authorization", "Bearer "+t)
	}
	if id := os.Getenv("REQUEST_ID"); id != "" {
		req.Header.Set("X-Request-Id", id)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	c := http.Client{Timeout: 30 * time.Second}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	fmt.Println("status", res.StatusCode)
	for _, h := range []string{"X-Error-Code", "X-Error-Message", "WWW-Authenticate", "Link", "X-HF-Warning", "Warning", "X-Token-Expires",
		"RateLimit-Policy", "Retry-After"} {
		for _, v := range res.Header.Values(h) {
			fmt.Printf("%s: %s\n", h, v)
		}
	}
	fmt.Println()
	_, err = io.Copy(os.Stdout, res.Body)
	fmt.Println()
	return err
}
