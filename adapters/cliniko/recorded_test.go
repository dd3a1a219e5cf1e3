package cliniko_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

// recorded serves the recorded feed: each question its file. Nothing has changed since
// it was recorded.
func recorded(t *testing.T) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/v1/")
		q := strings.Join(r.URL.Query()["q[]"], " ")
		groups := strings.HasPrefix(name, "group")
		switch {
		case strings.Contains(q, "updated_at") && r.URL.Query().Get("per_page") == "1":
			_, _ = w.Write([]byte(`{"` + name + `":[],"total_entries":0,"links":{}}`))
			return
		case groups && strings.Contains(q, "_at:?"):
			name = "empty_groups"
		case strings.Contains(q, "archived_at:?"):
			name += ".archived"
		case strings.Contains(q, "deleted_at:?"):
			name += ".deleted"
		case r.URL.Query().Get("page") == "2":
			name += ".2"
		}
		b, err := os.ReadFile(filepath.Join("testdata", "clinic", name+".json"))
		if err != nil {
			t.Errorf("asked for %s, which is not recorded", name)
		}
		_, _ = w.Write([]byte(strings.ReplaceAll(string(b), "BASE", "http://"+r.Host+"/v1")))
	})
}

func TestTheRecordedFeed(t *testing.T) {
	a := adapterFor(t, configFor(serve(t, recorded(t))), gateway.Surroundings{Clock: gatewaytest.NewClock(monday), Trial: true, Shelf: gatewaytest.NewShelf()})
	feed, err := a.Read(t.Context(), gateway.Span{From: monday, To: monday.AddDate(0, 0, 14)})
	if err != nil {
		t.Fatal(err)
	}
	if !feed.Complete || !feed.AsOf.Equal(monday.UTC()) && feed.AsOf.After(monday) || len(feed.Notes) != 0 {
		t.Errorf("complete %t, as of %v, notes %q", feed.Complete, feed.AsOf, feed.Notes)
	}
	const visit, patient, class = "13907262372986317", "13907108631024856", "13907262372986500"
	const place, france = "1390053865344214699", "1390053865344214700"
	booked, no, yes, unclear := gateway.StatusBooked, gateway.FlagNo, gateway.FlagYes, gateway.FlagUnclear
	for _, want := range []struct {
		id, start, site string
		status          gateway.Status
		name, mobile    string
		kind            gateway.NumberKind
		left, declined  gateway.Flag
		reminded        gateway.Flag
		mode            gateway.Mode
		doubt           gateway.Doubt
	}{
		{"i" + visit + "70-" + patient + "01", "2026-11-23T09:10:00Z", place, booked, "Annie", "101", gateway.NumberMobile, no, no, no, 0, 0},
		{"i" + visit + "71-" + patient + "02", "2026-11-23T09:40:00Z", place, booked, "Bilal", "102", gateway.NumberMobile, no, no, no, gateway.ModeVideo, 0},
		{"i" + visit + "72-" + patient + "03", "2026-11-23T10:10:00Z", place, gateway.StatusCancelled, "Carys", "103", gateway.NumberMobile, no, no, no, 0, 0},
		{"i" + visit + "73-" + patient + "04", "2026-11-23T10:40:00Z", place, booked, "Dewi", "104", gateway.NumberMobile, no, no, yes, 0, 0},
		{"i" + visit + "74-" + patient + "05", "2026-11-23T11:10:00Z", place, gateway.StatusMissed, "Efua", "105", gateway.NumberMobile, no, yes, no, 0, 0},
		{"i" + visit + "75-" + patient + "06", "2026-11-24T09:10:00Z", place, booked, "Finlay", "", gateway.NumberUnclear, no, no, no, 0, 0},
		{"i" + visit + "76-" + patient + "07", "2026-11-24T09:40:00Z", place, booked, "Grace", "", gateway.NumberMissing, yes, no, no, 0, 0},
		{"i" + visit + "77-" + patient + "08", "2026-11-24T10:10:00Z", place, booked, "Huw", "", gateway.NumberUnclear, unclear, no, no, 0, 0},
		{"i" + visit + "78-" + patient + "01", "2026-11-24T10:40:00Z", france, booked, "Annie", "101", gateway.NumberMobile, no, no, no, 0, gateway.TimeElsewhere},
		{"i48213-1207", "2026-11-25T09:10:00Z", place, booked, "Iona", "109", gateway.NumberMobile, no, no, no, 0, 0},
		{"i" + visit + "81-" + patient + "02", "2026-11-25T11:10:00Z", place, gateway.StatusCancelled, "Bilal", "102", gateway.NumberMobile, no, no, no, 0, 0},
		{"i" + visit + "82-" + patient + "02", "2026-11-25T11:40:00Z", place, gateway.StatusCancelled, "Bilal", "102", gateway.NumberMobile, no, no, no, 0, 0},
		{"a" + class + "01-" + patient + "01", "2026-11-26T18:00:00Z", place, booked, "Annie", "101", gateway.NumberMobile, no, no, no, 0, 0},
		{"a" + class + "02-" + patient + "02", "2026-11-26T18:00:00Z", place, gateway.StatusCancelled, "Bilal", "102", gateway.NumberMobile, no, no, no, 0, 0},
		{"a" + class + "03-" + patient + "05", "2026-11-26T18:00:00Z", place, booked, "Efua", "105", gateway.NumberMobile, no, yes, no, 0, 0},
	} {
		found := false
		for _, got := range feed.Appointments {
			if string(got.ID) != want.id {
				continue
			}
			found = true
			p := got.Patient
			if got.Start.Format("2006-01-02T15:04:05Z07:00") != want.start || got.Site != want.site || got.Status != want.status || got.Reminded != want.reminded ||
				got.Mode != want.mode || got.StartDoubt != want.doubt || p.Name != gateway.NewName(want.name) || p.Mobile.LastThree() != want.mobile ||
				p.MobileKind != want.kind || p.Left != want.left || p.Declined != want.declined {
				t.Errorf("%s: status %d, start %v, reminded %d, mode %d, doubt %d, kind %d, left %d, declined %d", want.id, got.Status, got.Start, got.Reminded, got.Mode, got.StartDoubt, p.MobileKind, p.Left, p.Declined)
			}
		}
		if !found {
			t.Errorf("%s is not read", want.id)
		}
	}
	if len(feed.Appointments) != 15 {
		t.Errorf("%d appointments, want 15", len(feed.Appointments))
	}
	unreadable := ""
	for _, u := range feed.Unreadable {
		unreadable += u.Where + ": " + u.Why + "\n"
	}
	if unreadable != "individual appointments, record …98631779: starts_at is not a date and time with its offset\nindividual appointments, record …98631780: the patient is missing or has no readable id\n" {
		t.Errorf("unreadable:\n%s", unreadable)
	}
}
