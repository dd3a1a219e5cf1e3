package gatewaytest_test

import (
	"testing"

	"bellman/gateway/gatewaytest"
)

func TestTheShelfInMemoryKeepsItsPromises(t *testing.T) {
	gatewaytest.Shelving(t, gatewaytest.NewShelf())
}
