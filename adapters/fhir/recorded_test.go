package fhir_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/adaptertest"
	"bellman/gateway"
)

// recorded reads a feed as a server of a kind would send it; patients that are not
// in it can be asked for as p1 and p2.
func recorded(t *testing.T, name string) gateway.Feed {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	s := shelf{"/r4/Appointment": string(body)}
	addPeople(s)
	feed, err := shelved(t, s).Read(t.Context(), fortnight)
	if err != nil {
		t.Fatal(err)
	}
	return feed
}

// line is what matters of one appointment of a recorded feed.
type line struct {
	ID, Patient, Start, Site string
	Status                   gateway.Status
	Mode                     gateway.Mode
	Mobile                   gateway.Phone
	Kind                     gateway.NumberKind
	Deceased                 gateway.Flag
}

func lines(f gateway.Feed) []line {
	var out []line
	for _, a := range f.Appointments {
		out = append(out, line{
			string(a.ID), string(a.Patient.ID), a.Start.In(gateway.London()).Format(time.RFC3339), a.Site,
			a.Status, a.Mode, a.Patient.Mobile, a.Patient.MobileKind, a.Patient.Deceased,
		})
	}
	return out
}

func compare(t *testing.T, f gateway.Feed, want []line, unreadable []gateway.Unreadable) {
	t.Helper()
	got := lines(f)
	if len(got) != len(want) {
		t.Errorf("%d appointments, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("appointment %d: %+v, want %+v", i+1, got[i], want[i])
		}
	}
	if diff := cmp.Diff(unreadable, f.Unreadable); diff != "" {
		t.Error(diff)
	}
	if !f.Complete || len(f.Notes) != 0 {
		t.Errorf("complete %t, notes %q", f.Complete, f.Notes)
	}
	adaptertest.AssertQuiet(t, []string{"words that no", "Efua", "Huw", "Kerr", "900601", "900603", "9990000018"}, f)
}

func phone(last string) gateway.Phone { return gateway.NewPhone("+447700900" + last) }

func TestARecordedFeedOfCareConnect(t *testing.T) {
	feed := recorded(t, "careconnect-stu3.json")
	compare(t, feed, []line{
		{"148", "2", "2026-11-20T09:20:00Z", "1", gateway.StatusBooked, gateway.ModeInPerson, phone("601"), gateway.NumberMobile, gateway.FlagNo},
		{"149", "3", "2026-11-23T08:05:00Z", "1", gateway.StatusBooked, gateway.ModeTelephone, phone("603"), gateway.NumberMobile, gateway.FlagYes},
		{"150", "4", "2026-11-23T10:00:00Z", "", gateway.StatusCancelled, gateway.ModeHomeVisit, gateway.Phone{}, gateway.NumberUnclear, gateway.FlagNo},
		{"151", "2", "2026-11-23T10:10:00Z", "", gateway.StatusUnknown, gateway.ModeUnknown, phone("601"), gateway.NumberMobile, gateway.FlagNo},
	}, []gateway.Unreadable{{Where: "page 1, entry 5", Why: "start has no offset from UTC, so its moment is not known"}})
}

func TestARecordedFeedOfMillennium(t *testing.T) {
	feed := recorded(t, "millennium-r4.json")
	compare(t, feed, []line{
		{"4822366", "p1", "2026-11-20T14:00:00Z", "21304876", gateway.StatusBooked, gateway.ModeUnknown, phone("601"), gateway.NumberMobile, gateway.FlagNo},
		{"4822367", "p7", "2026-11-20T15:00:00Z", "", gateway.StatusCancelled, gateway.ModeUnknown, gateway.Phone{}, gateway.NumberUnclear, gateway.FlagNo},
		{"4822370-p1", "p1", "2026-11-27T09:10:00Z", "21304877", gateway.StatusBooked, gateway.ModeUnknown, phone("601"), gateway.NumberMobile, gateway.FlagNo},
		{"4822370-p2", "p2", "2026-11-27T09:10:00Z", "21304877", gateway.StatusUnknown, gateway.ModeUnknown, phone("602"), gateway.NumberMobile, gateway.FlagNo},
	}, []gateway.Unreadable{{Where: "page 1, entry 4", Why: "the appointment has no usable id"}})
}
