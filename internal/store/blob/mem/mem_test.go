package mem_test

import (
	"testing"

	"github.com/ambit-hub/ambit/internal/store/blob"
	"github.com/ambit-hub/ambit/internal/store/blob/blobtest"
	"github.com/ambit-hub/ambit/internal/store/blob/mem"
)

func TestSuite(t *testing.T) {
	blobtest.Run(t, func(*testing.T) blob.Store { return mem.New() })
}
