package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"bellman/gateway/outbound"
)

func TestItIsKnownWhatCertainlyNeverLeft(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	gone := httptest.NewServer(nil)
	gone.Close()
	many := errors.New("that would be too many")
	full := func(context.Context) error { return many }
	for what, c := range map[string]struct {
		options outbound.Options
		address string
		certain bool
	}{
		"no turn was given":               {outbound.Options{Local: true, Turn: full}, server.URL, true},
		"the address may not be used":     {outbound.Options{}, server.URL, true},
		"nobody is there":                 {outbound.Options{Local: true}, gone.URL, true},
		"the answer did not come":         {outbound.Options{Local: true}, server.URL, false},
		"the address is not a public one": {outbound.Options{Local: true}, "http://169.254.1.1", true},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = outbound.New(c.options).Do(r)
		e, ok := errors.AsType[*outbound.Error](err)
		if !ok || e.NotSent() != c.certain {
			t.Errorf("%s: %v", what, err)
		}
		if c.options.Turn != nil && (!errors.Is(err, many) || strings.Contains(err.Error(), many.Error())) {
			t.Errorf("%s: why is not to be found, or is printed: %v", what, err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("%d requests arrived, want one", asked.Load())
	}
}
