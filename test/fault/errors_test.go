package fault

import (
	"net/http"
	"syscall"
	"testing"
)

// On a disk that is full or dying nothing is acknowledged that is not there, the server goes on, and what was there
// stays. Once the disk is well again, so is the hub.
func TestDiskFails(t *testing.T) {
	cases := []struct{ name, calls, errno string }{
		{"full, sync", "fsync,fdatasync", "ENOSPC"},
		{"full, write", "pwrite64,pwritev,ftruncate", "ENOSPC"},
		{"dying, sync", "fsync,fdatasync", "EIO"},
		{"full, rename", "renameat2,rename,renameat,linkat,link", "ENOSPC"},
		{"full, mkdir", "mkdirat,mkdir", "ENOSPC"},
		{"dying, write", "pwrite64,pwritev,ftruncate", "EIO"},
		{"dying, rename", "renameat2,rename,renameat,linkat,link", "EIO"},
	}
	if !full {
		cases = cases[:4]
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHome(t)
			s := h.serve()
			var all []*done
			s.whileFailing(c.calls, c.errno, func() {
				for _, d := range deeds {
					r := d.try(s, 0)
					all = append(all, r)
					if !r.committed && r.refused < 500 {
						t.Errorf("%s: refused with %d, which does not say that it is the hub's fault", d.name, r.refused)
					}
					if c.errno == "ENOSPC" && !r.committed && r.refused != http.StatusInsufficientStorage {
						t.Errorf("%s: refused with %d, which does not say that the disk is full\n%s", d.name, r.refused, &s.log)
					}
				}
			})
			if a := s.do("GET", "/api/models/"+repoName, "", nil); a.code != 200 {
				t.Errorf("reading afterwards: status %d", a.code)
			}
			for _, d := range deeds {
				r := d.try(s, 1)
				all = append(all, r)
				if !r.committed {
					t.Errorf("%s: still refused with %d when the disk is well\n%s", d.name, r.refused, &s.log)
				}
			}
			s.stop(syscall.SIGTERM)
			h.check(all)
		})
	}
}
