package extract_test

import (
	"errors"
	"testing"
	"time"

	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// days gives the 30 days from some hours after a morning.
func days(hours int) gateway.Span {
	from := time.Date(2026, time.November, 16, 8+hours, 0, 0, 0, time.UTC)
	return gateway.Span{From: from, To: from.AddDate(0, 0, 30)}
}

func TestAShelfIsLookedThroughOnceUntilSomethingIsKept(t *testing.T) {
	shelf := gatewaytest.NewShelf()
	_ = keeper(t, shelf).SetHead(t.Context(), []byte("night 1"))
	var m extract.Remembered[gateway.Span]
	looks := 0
	read := func(what string, asked gateway.Span, wantLooks int) {
		t.Helper()
		got, err := m.Whole(t.Context(), keeper(t, shelf), asked, func(s gateway.Span) (gateway.Span, error) { looks++; return s, nil })
		if err != nil || looks != wantLooks {
			t.Errorf("%s: looked %d times, want %d: %v", what, looks, wantLooks, err)
		}
		if asked.From.Before(got.From) || asked.To.After(got.To) {
			t.Errorf("%s: what is given does not reach over all that is asked for", what)
		}
	}
	read("the first read", days(0), 1)
	read("an hour later", days(1), 1)
	read("at the end of what was looked up", days(24), 1)
	read("a day and an hour later", days(25), 2)
	read("the clock was put back", days(0), 3)
	read("the same again", days(0), 3)
	_ = keeper(t, shelf).SetHead(t.Context(), []byte("night 1"))
	read("the same was kept again, by another", days(0), 4)
	k := keeper(t, shelf)
	_ = k.Change(t.Context(), "thing", to("new"))
	_ = k.Flush(t.Context())
	read("a thing was kept beside the same head", days(0), 5)
	shelf = gatewaytest.NewShelf()
	read("the shelf was forgotten", days(0), 6)
}

func TestWhatCouldNotBeLookedUpIsNotRemembered(t *testing.T) {
	shelf := gatewaytest.NewShelf()
	_ = keeper(t, shelf).SetHead(t.Context(), []byte("night 1"))
	var m extract.Remembered[bool]
	down := errors.New("the store is down")
	if _, err := m.Whole(t.Context(), keeper(t, shelf), days(0), func(gateway.Span) (bool, error) { return true, down }); !errors.Is(err, down) {
		t.Error(err)
	}
	if _, err := m.Whole(t.Context(), keeper(t, shelf), days(0), func(gateway.Span) (bool, error) {
		return true, keeper(t, shelf).SetHead(t.Context(), []byte("night 2"))
	}); !errors.Is(err, extract.ErrElsewhere) {
		t.Error(err)
	}
	looked := false
	if _, err := m.Whole(t.Context(), keeper(t, shelf), days(0), func(gateway.Span) (bool, error) { looked = true; return true, nil }); err != nil || !looked {
		t.Errorf("looked %t: %v", looked, err)
	}
}
