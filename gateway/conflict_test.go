package gateway_test

import (
	"slices"
	"testing"
	"time"

	"bellman/gateway"
)

func TestAConflictIsWhereTheClinicalSystemAndThePatientSayDifferentThings(t *testing.T) {
	n := gateway.NewPhone("+447700900001")
	at := func(h int) time.Time { return time.Date(2026, time.November, 2, h, 0, 0, 0, time.UTC) }
	said := func(h int, out bool) gateway.OptOutChange {
		return gateway.OptOutChange{Out: out, OptOut: gateway.OptOut{Practice: "A81001", Number: n, Since: at(h), By: gateway.OutByPatient}}
	}
	for _, c := range []struct {
		name    string
		system  gateway.Flag
		history []gateway.OptOutChange
		want    gateway.Reason // None: they agree
		since   int
	}{
		{"nobody said anything", gateway.FlagNo, nil, gateway.None, 0},
		{"declined, and the patient said nothing", gateway.FlagYes, nil, gateway.None, 0},
		{"STOP, and the system lets it be texted", gateway.FlagNo, []gateway.OptOutChange{said(1, true)}, gateway.OptedOut, 1},
		{"STOP, and the system is not understood", gateway.FlagUnclear, []gateway.OptOutChange{said(1, true)}, gateway.OptedOut, 1},
		{"STOP, and the system says so", gateway.FlagYes, []gateway.OptOutChange{said(1, true)}, gateway.None, 0},
		{"STOP and START", gateway.FlagNo, []gateway.OptOutChange{said(1, true), said(2, false)}, gateway.None, 0},
		{"START, and the system says declined", gateway.FlagYes, []gateway.OptOutChange{said(1, true), said(2, false)}, gateway.Declined, 2},
		{"START and STOP again, and the system says declined", gateway.FlagYes, []gateway.OptOutChange{said(1, true), said(2, false), said(3, true)}, gateway.None, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			visit := gateway.Appointment{ID: "1", Patient: gateway.Patient{Mobile: n, Declined: c.system}}
			other := gateway.Appointment{ID: "2", Patient: gateway.Patient{Mobile: gateway.NewPhone("+447700900002"), Declined: c.system}}
			var out []gateway.OptOut
			if i := len(c.history) - 1; i >= 0 && c.history[i].Out {
				out = append(out, c.history[i].OptOut)
			}
			got := gateway.Conflicts([]gateway.Appointment{visit, other, {ID: "3"}}, out, c.history)
			if c.want == gateway.None {
				if len(got) != 0 {
					t.Errorf("%d conflicts", len(got))
				}
				return
			}
			if len(got) != 1 || got[0].Reason() != c.want || !got[0].Wish.Since.Equal(at(c.since)) || !slices.Equal(got[0].Visits, []gateway.AppointmentID{"1"}) {
				t.Errorf("%d conflicts: %v", len(got), got)
			}
		})
	}
}

func TestAPhoneThatIsSharedIsOneConflictForEachThingThatTheSystemSays(t *testing.T) {
	n := gateway.NewPhone("+447700900001")
	o := gateway.OptOut{Practice: "A81001", Number: n, By: gateway.OutByPatient}
	visit := func(id gateway.AppointmentID, f gateway.Flag) gateway.Appointment {
		return gateway.Appointment{ID: id, Patient: gateway.Patient{Mobile: n, Declined: f}}
	}
	got := gateway.Conflicts([]gateway.Appointment{visit("1", 0), visit("2", gateway.FlagUnclear), visit("3", 0), visit("4", gateway.FlagYes)}, []gateway.OptOut{o}, nil)
	if len(got) != 2 || !slices.Equal(got[0].Visits, []gateway.AppointmentID{"1", "3"}) || !slices.Equal(got[1].Visits, []gateway.AppointmentID{"2"}) {
		t.Errorf("%d conflicts", len(got))
	}
}
