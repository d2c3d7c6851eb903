package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// spawner is what most hubs in Go do about git: for each request they start `git upload-pack` or `git receive-pack` and
// copy between it and the client. It runs as a process of its own, so that its CPU time can be told from the clients'.
type spawner struct {
	url string
	cmd *exec.Cmd
}

// spawnServer is the argument that makes this program the server over a folder of bare repositories.
const spawnServer = "-spawn-server"

func startSpawner(root string) (*spawner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, spawnServer, root)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the spawning server did not start: %w", err)
	}
	return &spawner{url: strings.TrimSpace(line), cmd: cmd}, nil
}

func (s *spawner) stop() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// cpu returns the CPU time of the server and of every git it has waited for.
func (s *spawner) cpu() time.Duration {
	res, err := http.Get(s.url + "/cpu")
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	n, _ := strconv.ParseInt(string(b), 10, 64)
	return time.Duration(n)
}

// serveSpawning runs until it is killed.
func serveSpawning(root string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cpu", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, usedSoFar().Nanoseconds()) })
	mux.HandleFunc("GET /{repo}/info/refs", func(w http.ResponseWriter, r *http.Request) {
		service := r.URL.Query().Get("service")
		w.Header().Set("Content-Type", "application/x-"+service+"-advertisement")
		if !strings.Contains(r.Header.Get("Git-Protocol"), "version=2") || service == "git-receive-pack" {
			announced := "# service=" + service + "\n"
			fmt.Fprintf(w, "%04x%s0000", len(announced)+4, announced)
		}
		spawnGit(w, r, root, service, "--advertise-refs")
	})
	for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
		mux.HandleFunc("POST /{repo}/"+service, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/x-"+service+"-result")
			spawnGit(w, r, root, service)
		})
	}
	return http.Serve(l, mux)
}

func spawnGit(w http.ResponseWriter, r *http.Request, root, service string, extra ...string) {
	args := append([]string{strings.TrimPrefix(service, "git-"), "--stateless-rpc"}, extra...)
	cmd := exec.CommandContext(r.Context(), "git", append(args, filepath.Join(root, r.PathValue("repo")))...)
	cmd.Env = append(gitEnv(root), "GIT_PROTOCOL="+r.Header.Get("Git-Protocol"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r.Body, w, os.Stderr
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		cmd.Stdin = z
	}
	if err := cmd.Run(); err != nil && r.Context().Err() == nil {
		fmt.Fprintln(os.Stderr, "spawned", service+":", err)
	}
}

// usedSoFar is the CPU time of this process and of the children it has waited for.
func usedSoFar() (total time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		syscall.Getrusage(who, &u)
		total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return total
}
