package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// gitBackend is nginx with git's own server program behind it, as git's documentation sets it up.
type gitBackend struct {
	url   string
	nginx *exec.Cmd
	cgi   *exec.Cmd
}

func startGitBackend(dir, root string) (b *gitBackend, err error) {
	b = &gitBackend{}
	defer func() {
		if err != nil {
			b.stop()
		}
	}()
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return b, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return b, err
	}
	addr := l.Addr().String()
	l.Close()
	b.url = "http://" + addr
	socket := filepath.Join(dir, "cgi.sock")
	b.cgi = exec.Command("fcgiwrap", "-c", "4", "-s", "unix:"+socket)
	b.cgi.Env = gitEnv(dir)
	b.cgi.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it leaves its workers behind when it ends
	if err := b.cgi.Start(); err != nil {
		b.cgi = nil
		return b, fmt.Errorf("fcgiwrap: %w", err)
	}
	conf := fmt.Sprintf(`
user root; worker_processes 1; daemon off; pid %[1]s/nginx.pid; error_log %[1]s/nginx.err;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 0; tcp_nodelay on;
  client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
  server {
    listen %[2]s;
    location / {
      fastcgi_pass unix:%[3]s; fastcgi_buffering off; fastcgi_read_timeout 600s;
      fastcgi_param SCRIPT_FILENAME %[4]s/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT %[5]s; fastcgi_param GIT_HTTP_EXPORT_ALL ""; fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type; fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding; fastcgi_param GIT_PROTOCOL $http_git_protocol;
    }
  }
}`, dir, addr, socket, strings.TrimSpace(string(path)), root)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return b, err
	}
	b.nginx = exec.Command("nginx", "-c", file, "-e", filepath.Join(dir, "nginx.err"))
	b.nginx.Stderr = os.Stderr
	if err := b.nginx.Start(); err != nil {
		b.nginx = nil
		return b, err
	}
	for range 200 {
		if _, err := os.Stat(socket); err == nil {
			if res, err := http.Get(b.url); err == nil {
				res.Body.Close()
				return b, nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return b, errors.New("nginx and fcgiwrap did not start")
}

func (b *gitBackend) stop() {
	if b.nginx != nil {
		b.nginx.Process.Signal(os.Interrupt)
		b.nginx.Wait()
	}
	if b.cgi != nil {
		syscall.Kill(-b.cgi.Process.Pid, syscall.SIGTERM)
		b.cgi.Wait()
	}
}
