package tppextract_test

import (
	"strings"
	"testing"

	"bellman/adapters/tppextract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestEveryMistakeInTheSectionIsNamed(t *testing.T) {
	for _, c := range []struct {
		what   string
		config tppextract.Config
		path   string
	}{
		{"no folder", tppextract.Config{}, "dir"},
		{"an organisation that is none", tppextract.Config{Dir: "in", Organisation: "the surgery"}, "organisation"},
		{"a type of rota without a meaning", tppextract.Config{Dir: "in", RotaTypes: map[string]string{"Duty": "online"}}, "rota_types.Duty"},
		{"a status without a meaning", tppextract.Config{Dir: "in", Statuses: map[string]string{"Moved": "maybe"}}, "statuses.Moved"},
		{"a consent without a meaning", tppextract.Config{Dir: "in", Consents: map[string]string{"OK": "fine"}}, "consents.OK"},
		{"a status of the record without a meaning", tppextract.Config{Dir: "in", RecordStatuses: map[string]string{"Private": "secret"}}, "record_statuses.Private"},
		{"a word that stands twice", tppextract.Config{Dir: "in", Statuses: map[string]string{"moved": "booked", "Moved ": "booked"}}, "statuses.moved"},
		{"a table that is needed", tppextract.Config{Dir: "in", Without: []string{"SRSmsConsent", "SRAppointment"}}, "without[1]"},
	} {
		faults := c.config.Check(false)
		if len(faults) != 1 || faults[0].Path != c.path || faults[0].Problem == "" {
			t.Errorf("%s: %v, want one fault at %s", c.what, faults, c.path)
		}
	}
	good := tppextract.Config{
		Dir: "in", Organisation: "A81001", RotaTypes: map[string]string{"Duty": "telephone", "Staff": "none"}, Statuses: map[string]string{"Moved": "cancelled"},
		Consents: map[string]string{"OK": "yes"}, RecordStatuses: map[string]string{"Private": "restricted"}, Without: []string{"SRSmsConsent"},
	}
	if faults := good.Check(false); len(faults) != 0 {
		t.Errorf("a good section has faults: %v", faults)
	}
}

func TestThereIsNoAdapterWithoutAPlaceToKeepThings(t *testing.T) {
	_, err := tppextract.New(tppextract.Config{}, gateway.Surroundings{Clock: gatewaytest.NewClock(morning)})
	for _, words := range []string{"dir", "no place to keep", "organisation's code"} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v does not say %q", err, words)
		}
	}
}

func TestTheSectionsOwnWordsGoBeforeTheBuiltInOnes(t *testing.T) {
	c := tppextract.Config{
		Dir: nights(t, firstNight), Statuses: map[string]string{"something new": "booked", "booked (provisional)": "not_booked"},
		Consents: map[string]string{"perhaps": "yes", "Y": "no"},
	}
	got := byID(read(t, adapter(t, c, gatewaytest.NewShelf())))
	for id, want := range map[gateway.AppointmentID]gateway.Status{"5110-1001": gateway.StatusBooked, "5108-1001": gateway.StatusNotBooked} {
		if got[id].Status != want {
			t.Errorf("%s has status %d, want %d", id, got[id].Status, want)
		}
	}
	for id, want := range map[gateway.AppointmentID]gateway.Flag{"5006-1006": gateway.FlagNo, "5016-1016": gateway.FlagYes} {
		if got[id].Patient.Declined != want {
			t.Errorf("%s: declined %d, want %d", id, got[id].Patient.Declined, want)
		}
	}
}

func TestAPracticeOfAnotherCodeFindsNothingInTheExtract(t *testing.T) {
	f := read(t, adapter(t, tppextract.Config{Dir: nights(t, firstNight), Organisation: "B82002"}, gatewaytest.NewShelf()))
	if f.Complete || len(f.Appointments) != 0 {
		t.Errorf("%d visits of another practice, complete %t", len(f.Appointments), f.Complete)
	}
}

func TestAnotherOrganisationBeginsAnew(t *testing.T) {
	dir, shelf := nights(t, firstNight, secondNight), gatewaytest.NewShelf()
	if f := read(t, adapter(t, tppextract.Config{Dir: dir, Organisation: "B82002"}, shelf)); f.Complete {
		t.Error("complete without a row")
	}
	f := read(t, adapter(t, tppextract.Config{Dir: dir}, shelf))
	if !f.Complete || len(f.Appointments) == 0 {
		t.Error("the right organisation's code, written later, finds nothing")
	}
}
