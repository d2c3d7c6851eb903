package outbox

import "testing"

// While a batch is under way nobody else may take its messages, however slow their receivers are.
func TestTheLeaseCoversABatch(t *testing.T) {
	if slowest := batch * (mailTime + webhookTime); slowest >= lease {
		t.Errorf("a batch may take %v, and is leased for %v", slowest, lease)
	}
}
