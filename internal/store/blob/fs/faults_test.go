package fs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ambit-hub/ambit/internal/hub"
	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/blobtest"
	"github.com/ambit-hub/ambit/internal/store/blob/fs"
)

var ctx = context.Background()

// writes are the ways in which an object comes to be. Each needs the parts p1 and p2.
var writes = map[string]func(s blob.Store) error{
	"create": func(s blob.Store) error {
		_, err := s.Create(ctx, key, bytes.NewReader(data), blob.Expect{Size: int64(len(data)), SHA256: blobtest.Sum(data)})
		return err
	},
	"compose": func(s blob.Store) error {
		_, err := s.Compose(ctx, key, []string{"p1", "p2"}, blob.Any)
		return err
	},
	"compose checked": func(s blob.Store) error {
		_, err := s.Compose(ctx, key, []string{"p1", "p2"}, blob.Expect{Size: int64(len(data)), SHA256: blobtest.Sum(data)})
		return err
	},
}

var (
	data = blobtest.Bytes(1<<20 + 5)
	key  = blobtest.LargeKey(data)
)

// prepared opens a store that has the parts, on operations that can be made to fail.
func prepared(t *testing.T) (*fs.Store, *blobtest.Faults, string) {
	t.Helper()
	root := t.TempDir()
	f := blobtest.NewFaults()
	s, err := fs.NewWith(root, f)
	if err != nil {
		t.Fatal(err)
	}
	for k, b := range map[string][]byte{"p1": data[:1<<20], "p2": data[1<<20:]} {
		if _, err := s.Create(ctx, k, bytes.NewReader(b), blob.Any); err != nil {
			t.Fatal(err)
		}
	}
	return s, f, root
}

// steps returns how many operations a write takes.
func steps(t *testing.T, write func(blob.Store) error) []blobtest.Step {
	t.Helper()
	s, f, _ := prepared(t)
	f.Fail(0, nil)
	if err := write(s); err != nil {
		t.Fatal(err)
	}
	return f.Steps()
}

// TestEachStepFails lets every file operation of a write fail once. The caller is told why, nothing half-done is
// visible or left behind, and the next attempt succeeds.
func TestEachStepFails(t *testing.T) {
	for name, write := range writes {
		n := len(steps(t, write))
		if n < 8 {
			t.Fatalf("only %d steps", n)
		}
		for i := 1; i <= n; i++ {
			causes := []error{syscall.ENOSPC}
			if name == "create" { // the others end in the same code
				causes = append(causes, syscall.EDQUOT, syscall.EIO)
			}
			for _, cause := range causes {
				s, f, root := prepared(t)
				f.Fail(i, cause)
				err := write(s)
				failed := f.Steps()[i-1]
				where := name + ": " + failed.Op + ": " + cause.Error()
				if err == nil {
					t.Fatalf("%s: success", where)
				}
				if want := cause != syscall.EIO; hub.Is(err, hub.InsufficientStorage) != want || !errors.Is(err, cause) {
					t.Errorf("%s: got %v", where, err)
				}
				if e := (*hub.Error)(nil); errors.As(err, &e) && strings.Contains(e.Message, root) {
					t.Errorf("%s: the message shows a path: %s", where, e.Message)
				}
				blobtest.Absent(t, s, key)
				noTemp(t, root)
				if err := write(s); err != nil {
					t.Errorf("%s: the next attempt: %v", where, err)
				}
				whole(t, s)
			}
		}
	}
}

// TestKilledAtEachStep stops the process, as it were, at every file operation of a write and starts it again.
func TestKilledAtEachStep(t *testing.T) {
	for name, write := range writes {
		for i := range steps(t, write) {
			s, f, root := prepared(t)
			f.Kill(i + 1)
			if err := write(s); err == nil {
				t.Fatalf("%s: acknowledged though killed at step %d", name, i+1)
			}
			again := open(t, root)
			noTemp(t, root)
			switch _, err := again.Stat(ctx, key); {
			case err == nil:
				whole(t, again)
			case !hub.Is(err, hub.NotFound):
				t.Errorf("%s, step %d: %v", name, i+1, err)
			}
			if err := write(again); err != nil {
				t.Errorf("%s, step %d: the next attempt: %v", name, i+1, err)
			}
			whole(t, again)
		}
	}
}

func whole(t *testing.T, s blob.Store) {
	t.Helper()
	o, err := s.Open(ctx, key)
	if err != nil {
		t.Error(err)
		return
	}
	defer o.Close()
	if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func noTemp(t *testing.T, root string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(root, ".tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("%d temporary files are left, %v", len(left), err)
	}
}

// TestPowerLoss follows what a disk is sure to hold when it promises only what was synced: bytes of a file after its
// sync, names in a folder after the folder's. When a write returns, the object and every folder above it must be among
// that; and at no time may its name be there without all of its bytes.
func TestPowerLoss(t *testing.T) {
	for name, write := range writes {
		root := t.TempDir()
		f := blobtest.NewFaults()
		f.Fail(0, nil)
		s, err := fs.NewWith(root, f)
		if err != nil {
			t.Fatal(err)
		}
		for k, b := range map[string][]byte{"p1": data[:1<<20], "p2": data[1<<20:]} {
			if _, err := s.Create(ctx, k, bytes.NewReader(b), blob.Any); err != nil {
				t.Fatal(err)
			}
		}
		if err := write(s); err != nil {
			t.Fatal(err)
		}
		dirty := map[string]bool{}        // files with bytes that may be lost
		promised := map[string]bool{}     // paths that are sure to be there
		unsynced := map[string][]string{} // folder → names that may be lost
		enter := func(path string) { unsynced[filepath.Dir(path)] = append(unsynced[filepath.Dir(path)], path) }
		enter(root)
		var last string
		for _, st := range f.Steps() {
			switch st.Op {
			case "write":
				dirty[st.Path] = true
			case "sync":
				dirty[st.Path] = false
			case "mkdir":
				enter(st.Path)
			case "rename":
				if dirty[st.Path] {
					t.Errorf("%s: %s got its name before its bytes were synced", name, st.To)
				}
				enter(st.To)
				last = st.To
			case "syncdir":
				for _, p := range unsynced[st.Path] {
					promised[p] = true
				}
				unsynced[st.Path] = nil
			}
		}
		for p := last; ; p = filepath.Dir(p) {
			if !promised[p] {
				t.Errorf("%s: %s may be lost", name, strings.TrimPrefix(p, root))
			}
			if p == root {
				break
			}
		}
	}
}

// TestStartSweeps removes what an earlier process left, and nothing else.
func TestStartSweeps(t *testing.T) {
	s, _, root := prepared(t)
	if err := writes["create"](s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, ".tmp", "123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, root)
	noTemp(t, root)
	whole(t, again)
	var keys []string
	if err := again.Keys(ctx, "", func(k string, _ int64) error { keys = append(keys, k); return nil }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	if want := []string{key, "p1", "p2"}; !slices.Equal(keys, want) {
		t.Errorf("got %v, want %v", keys, want)
	}
	path := filepath.Join(root, "lfs", string(blobtest.Sum(data)[:2]), string(blobtest.Sum(data)[2:4]), string(blobtest.Sum(data)))
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("a large file does not lie where it should, or others may read it: %v %v", st, err)
	}
}
