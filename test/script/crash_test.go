package script

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ambit-hub/ambit/internal/client"
	"github.com/ambit-hub/ambit/internal/config"
	"github.com/ambit-hub/ambit/internal/daemon"
	"github.com/ambit-hub/ambit/internal/format/operatorapi"
)

// TestKilledHubKeepsWhatItAcknowledged kills a hub with SIGKILL at random moments while people and tokens are made and
// ended, and starts it again: every acknowledged token works or is dead as it was told, and nothing is half there.
func TestKilledHubKeepsWhatItAcknowledged(t *testing.T) {
	cfg := config.Default()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	var mu sync.Mutex                // guards the two maps
	alive := map[string]string{}     // value → id, of acknowledged creations
	dead := map[string]struct{}{}    // values whose end was acknowledged
	touched := map[string]struct{}{} // values whose end was asked for and not answered: either is right
	for round := range 8 {
		cmd, url := startHub(t, cfg.Data)
		for v := range alive {
			if code := whoami(t, url, v); code != http.StatusOK {
				t.Fatalf("round %d: an acknowledged token answers %d", round, code)
			}
		}
		for v := range dead {
			if code := whoami(t, url, v); code != http.StatusUnauthorized {
				t.Fatalf("round %d: a token that was ended answers %d", round, code)
			}
		}
		for v := range touched {
			if code := whoami(t, url, v); code != http.StatusOK && code != http.StatusUnauthorized {
				t.Fatalf("round %d: a token that was being ended answers %d", round, code)
			}
		}
		op := client.NewOperator(client.Socket(func(context.Context) (net.Conn, error) { return daemon.DialOperator(&cfg) }))
		var wg sync.WaitGroup
		for worker := range 3 {
			wg.Go(func() {
				ctx := context.Background()
				for i := 0; ; i++ {
					name := fmt.Sprintf("u%d-%d-%d", round, worker, i)
					if op.Do(ctx, operatorapi.UserCreate, operatorapi.NewUser{Name: name}, nil) != nil {
						return // the hub is gone
					}
					var made operatorapi.TokenWithValue
					if op.Do(ctx, operatorapi.TokenCreate, operatorapi.NewToken{User: name, Name: "t", Kind: "read"}, &made) != nil {
						return
					}
					mu.Lock()
					alive[made.Value] = string(made.ID)
					mu.Unlock()
					if i%2 == 0 {
						continue
					}
					mu.Lock()
					delete(alive, made.Value)
					touched[made.Value] = struct{}{}
					mu.Unlock()
					if op.Do(ctx, operatorapi.TokenDelete, operatorapi.ID{ID: made.ID}, nil) != nil {
						return
					}
					mu.Lock()
					delete(touched, made.Value)
					dead[made.Value] = struct{}{}
					mu.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(20+rand.IntN(150)) * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		wg.Wait()
	}
	if len(alive) == 0 || len(dead) == 0 {
		t.Fatalf("%d tokens alive, %d dead: nothing was shown", len(alive), len(dead))
	}
}

// startHub runs the program and waits until it is ready.
func startHub(t *testing.T, data string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command("ambit", "serve", "--data", data, "--listen", "127.0.0.1:0")
	log := &strings.Builder{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "Ambit is ready at ")
	if err != nil || !ok {
		cmd.Process.Kill()
		cmd.Wait()
		t.Fatalf("the hub did not start: %q\n%s", line, log)
	}
	return cmd, url
}

func whoami(t *testing.T, url, token string) int {
	t.Helper()
	req, err := http.NewRequest("GET", url+"/api/whoami-v2", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
