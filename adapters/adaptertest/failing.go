package adaptertest

import (
	"errors"
	"testing"

	"bellman/gateway"
)

func failing(t *testing.T, s Subject) {
	for _, f := range []Fault{ServerError, Denied, Truncated, HalfPaged, NotTheFormat} {
		t.Run(string(f)+" never gives a shorter diary that claims to be complete", func(t *testing.T) {
			st := forty(t, s)
			st.wreck(f)
			feed, err := st.try()
			if err == nil && feed.Complete {
				t.Errorf("complete with %d of %d appointments", len(feed.Appointments), len(st.cases))
			}
			if f == Denied && !errors.Is(err, gateway.ErrSourceDenied) {
				t.Error("refused credentials are not reported as such")
			}
			if err != nil && (len(feed.Appointments) > 0 || feed.Complete) {
				t.Error("gives an error and a feed")
			}
		})
	}
	t.Run("one unreadable record is listed and does not stop its neighbours", func(t *testing.T) {
		st := forty(t, s)
		st.wreck(BadRecord)
		feed := st.read()
		if len(feed.Unreadable) != 1 {
			t.Errorf("%d unreadable records, want 1", len(feed.Unreadable))
		}
		for _, u := range feed.Unreadable {
			if u.Where == "" || u.Why == "" {
				t.Error("an unreadable record without where or why")
			}
		}
		if want := len(st.cases) - 1; len(feed.Appointments) != want {
			t.Errorf("%d appointments beside the unreadable one, want %d", len(feed.Appointments), want)
		}
	})
}
