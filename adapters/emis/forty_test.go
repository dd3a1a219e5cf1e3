package emis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// visitSeen is an appointment in clear, for comparing in this test only.
type visitSeen struct {
	ID, Patient, Name, NHSNumber, Mobile, Site string
	Kind                                       gateway.NumberKind
	Deceased, Left, Declined, Restricted       gateway.Flag
	Start                                      time.Time
	Doubt                                      gateway.Doubt
	Mode                                       gateway.Mode
	Status                                     gateway.Status
}

func seen(a gateway.Appointment) visitSeen {
	p := a.Patient
	return visitSeen{
		ID: string(a.ID), Patient: string(p.ID), Name: p.Name.Reveal(), NHSNumber: p.NHSNumber.Reveal(),
		Mobile: p.Mobile.Reveal(), Kind: p.MobileKind, Deceased: p.Deceased, Left: p.Left, Declined: p.Declined,
		Restricted: p.Restricted, Start: a.Start, Doubt: a.StartDoubt, Site: a.Site, Mode: a.Mode, Status: a.Status,
	}
}

// oddNumbers says, in words of this test and not by the parser, what stands in
// the mobile fields of the surgery's special patients. The others have the drama
// number 07700 900100 plus their place.
var oddNumbers = map[string]gateway.NumberKind{
	"a landline in the mobile field": gateway.NumberLandline,
	"no mobile number":               gateway.NumberMissing,
	"a note beside the number":       gateway.NumberUnclear,
	"two numbers in one field":       gateway.NumberUnclear,
	"a foreign number":               gateway.NumberOther,
	"a personal number":              gateway.NumberOther,
}

// expected says what the surgery's n-th case must be read as.
func expected(t *testing.T, d *surgery.Diary, c surgery.Case, n int) visitSeen {
	t.Helper()
	v, _ := d.Visit(c.Slot)
	p, _ := d.Person(v.Person)
	want := visitSeen{
		ID: fmt.Sprintf("%d-%d", c.Slot, p.ID), Patient: fmt.Sprint(p.ID), Name: p.Given, NHSNumber: p.NHSNumber,
		Site: "5", Start: v.Start, Mode: gateway.ModeInPerson, Status: gateway.StatusBooked,
		Kind: gateway.NumberMobile, Mobile: fmt.Sprintf("+447700900%03d", 100+n),
	}
	if kind, odd := oddNumbers[c.What]; odd {
		want.Kind, want.Mobile = kind, ""
	}
	switch c.What {
	case "a patient who has died":
		want.Deceased = gateway.FlagYes
	case "a patient who has left":
		want.Left = gateway.FlagYes
	case "a visit by telephone":
		want.Mode = gateway.ModeTelephone
	case "a second visit within the hour":
		want.Mobile = fmt.Sprintf("+447700900%03d", 100+n-1) // the patient before
	}
	return want
}

func TestTheSurgeryOfFortyReadsToExactlyItsVisits(t *testing.T) {
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			s := play(t, monday, in(format), nil)
			cases := surgery.Forty(s.diary, monday, 7)
			// A first read has no changes to ask for, a second one has everybody's.
			for _, read := range []string{"first read", "second read"} {
				feed := s.read(t)
				got, want := map[string]visitSeen{}, map[string]visitSeen{}
				for _, a := range feed.Appointments {
					got[string(a.ID)] = seen(a)
				}
				for n, c := range cases {
					w := expected(t, s.diary, c, n)
					want[w.ID] = w
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", read, diff)
				}
				if len(feed.Appointments) != 41 || len(feed.Unreadable) != 0 || !feed.Complete {
					t.Errorf("%s: %d appointments, %d unreadable, complete %t", read, len(feed.Appointments), len(feed.Unreadable), feed.Complete)
				}
				s.clock.Advance(15 * time.Minute)
			}
		})
	}
}

func TestBothFormatsTellTheSameStory(t *testing.T) {
	var feeds []gateway.Feed
	for _, format := range formats {
		s := play(t, monday, in(format), nil)
		surgery.Forty(s.diary, monday, 7)
		feeds = append(feeds, s.read(t))
	}
	for i, a := range feeds[0].Appointments {
		if a != feeds[1].Appointments[i] {
			t.Errorf("appointment %d differs between XML and JSON", i)
		}
	}
}
