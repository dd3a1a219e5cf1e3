package emisextract_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bellman/adapters/emisextract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func oneFreed() delivery {
	return delivery{"Appointment_Slot": {slotRow.with("PatientGuid", "")}}
}

const oneCancelled = "1/1 23 Nov 09:10 cancelled; 2/2 23 Nov 09:20 booked"

func TestAMissingBatchStopsTheReadingUntilItComes(t *testing.T) {
	s := newStage(t)
	s.night(full())
	first := s.tells(bothBooked)
	s.clock.Advance(24 * time.Hour)
	missing, at := s.next, s.clock.Now().Add(-time.Hour)
	s.next++
	s.clock.Advance(24 * time.Hour)
	s.night(oneFreed())
	f := s.tells(bothBooked)
	if !f.AsOf.Equal(first.AsOf) || !f.Complete {
		t.Errorf("as of %v, complete %t", f.AsOf, f.Complete)
	}
	if len(f.Unreadable) != 1 || !strings.Contains(f.Unreadable[0].Why, "batch 293 of 18 November 2026") || !strings.Contains(f.Unreadable[0].Why, "missing between it and batch 291") {
		t.Errorf("does not say which is missing: %v", f.Unreadable)
	}
	s.deliver("292", at, delivery{"Admin_Patient": {bilalRow.with("MobilePhone", "07700 900109")}})
	if missing != 292 {
		t.Fatal("the story is told wrongly")
	}
	f = s.tells(oneCancelled)
	if len(f.Unreadable) != 0 || !f.AsOf.After(first.AsOf) || s.visit(f, bilal).Patient.Mobile != gateway.NewPhone("+447700900109") {
		t.Error("what came late is not read, in its place")
	}
}

func TestHowAMissingBatchShows(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		continuity, ids string
		after           time.Duration
		gaps            []string
		goesOn          bool
	}{
		{"", "292", day, nil, true},
		{"", "292", 3 * day, nil, true}, // a weekend without an extract
		{"", "310", day, nil, true},     // ids of other agreements between
		{"", "310", 3 * day, nil, false},
		{"", "310", 3 * day, []string{"310"}, true},
		{"", "292-295", 4 * day, nil, true},
		{"ids", "292", 3 * day, nil, true},
		{"ids", "293", day, nil, false},
		{"ids", "291", day, nil, false},
		{"days", "310", day, nil, true},
		{"days", "292", 2 * day, nil, false},
	} {
		s := newStage(t, func(cfg *emisextract.Config) { cfg.Continuity, cfg.KnownGaps = c.continuity, c.gaps })
		s.night(full())
		s.read()
		s.clock.Advance(c.after)
		s.deliver(c.ids, s.clock.Now().Add(-time.Hour), oneFreed())
		f := s.read()
		if went := told(f) == oneCancelled; went != c.goesOn {
			t.Errorf("%q, %s %v later: goes on %t: %v", c.continuity, c.ids, c.after, went, f.Notes)
		}
	}
}

func TestABatchThatLacksAFileIsWaitedForAndThenNamed(t *testing.T) {
	s := newStage(t)
	s.night(full())
	s.read()
	s.tomorrow()
	d := oneFreed()
	d["Admin_Patient"] = nil
	at := s.clock.Now().Add(-time.Hour)
	s.deliver("292", at, d)
	if f := s.tells(bothBooked); len(f.Unreadable) != 0 || !strings.Contains(strings.Join(f.Notes, "\n"), "it lacks Admin_Patient") {
		t.Errorf("is not waited for: %v", f)
	}
	s.clock.Advance(2 * time.Hour)
	if f := s.tells(bothBooked); len(f.Unreadable) != 1 || !strings.Contains(f.Unreadable[0].Why, "it lacks Admin_Patient") {
		t.Errorf("is not named: %v", f.Unreadable)
	}
	s.write(s.name("292", "Admin_Patient", at), content(needed["Admin_Patient"], nil))
	s.tells(oneCancelled)
}

func TestFilesThatAreStillBeingWrittenAreLeftAlone(t *testing.T) {
	s := newStage(t)
	s.night(full())
	s.read()
	s.tomorrow()
	s.night(oneFreed())
	path := filepath.Join(s.dir, s.name("292", "Admin_Patient", s.clock.Now().Add(-time.Hour)))
	now := s.clock.Now().Add(-time.Minute)
	if err := os.Chtimes(path, now, now); err != nil {
		t.Fatal(err)
	}
	if f := s.tells(bothBooked); len(f.Unreadable) != 0 {
		t.Errorf("counts as unreadable: %v", f.Unreadable)
	}
	s.clock.Advance(2 * time.Minute)
	s.tells(oneCancelled)
}

// Nothing of a batch is kept, whichever of its files is cut, changed, or another
// kind of file.
func TestNothingOfABatchWithABadFileIsKept(t *testing.T) {
	for table := range needed {
		for what, spoil := range map[string]func([]byte) []byte{
			"cut":           func(b []byte) []byte { return b[:len(b)-1] },
			"empty":         func([]byte) []byte { return nil },
			"a web page":    func([]byte) []byte { return []byte("<!DOCTYPE html>\n") },
			"other columns": func([]byte) []byte { return []byte("\"One\",\"Two\"\n\"07700 900123\",\"XQCANARY\"\n") },
			"UTF-16":        func([]byte) []byte { return []byte("\xff\xfeS\x00\n\x00") },
		} {
			s := newStage(t)
			s.night(full())
			s.read()
			before := s.everything()
			s.tomorrow()
			s.night(oneFreed())
			path := filepath.Join(s.dir, s.name("292", table, s.clock.Now().Add(-time.Hour)))
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s.write(filepath.Base(path), spoil(b))
			f := s.tells(bothBooked)
			if len(f.Unreadable) != 1 || !strings.Contains(f.Unreadable[0].Why, table) || strings.Contains(f.Unreadable[0].Why, "XQ") {
				t.Errorf("%s is %s: %v", table, what, f.Unreadable)
			}
			if !bytes.Equal(before, s.everything()) {
				t.Errorf("%s is %s: something of the batch is kept", table, what)
			}
			s.write(filepath.Base(path), b)
			s.tells(oneCancelled)
		}
	}
}

// everything gives what is on the shelf besides the head.
func (s *stage) everything() []byte {
	s.t.Helper()
	kept := map[string]string{}
	err := s.shelf.Each(s.t.Context(), "emis-extract/", func(k gateway.Kept) error {
		kept[k.Key] = string(k.Value)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	var b bytes.Buffer
	for _, key := range sorted(kept) {
		b.WriteString(key + "=" + kept[key] + "\n")
	}
	return b.Bytes()
}

func TestWithoutAFullDeliveryNothingBegins(t *testing.T) {
	s := newStage(t)
	s.refuses("does not hold the full delivery 291")
	s.next = 292
	s.night(oneFreed())
	s.refuses("does not hold the full delivery 291")
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	s.refuses("it does not exist")
}

func TestAShelfThatWasLostIsFilledFromTheLastFullDelivery(t *testing.T) {
	s := newStage(t)
	s.night(full())
	s.read()
	s.tomorrow()
	s.night(oneFreed())
	want := s.tells(oneCancelled)
	s.shelf = gatewaytest.NewShelf()
	s.restart()
	// Who was booked before is known again only as far as the files tell.
	if f := s.tells(oneCancelled); !f.AsOf.Equal(want.AsOf) {
		t.Errorf("as of %v", f.AsOf)
	}
	s.shelf = gatewaytest.NewShelf()
	s.restart()
	for table := range needed {
		if err := os.Remove(filepath.Join(s.dir, s.name("291", table, begin.Add(-time.Hour)))); err != nil {
			t.Fatal(err)
		}
	}
	s.refuses("does not hold the full delivery 291")
}

func TestANewFullDeliveryBeginsAnew(t *testing.T) {
	s := newStage(t)
	d := full()
	d["Appointment_Slot"] = append(d["Appointment_Slot"], slotRow.with("SlotGuid", "a0000001-0000-4000-8000-000000000009", "AppointmentStartTime", "11:00:00"))
	s.night(d)
	s.tells(bothBooked + "; 9/1 23 Nov 11:00 booked")
	s.tomorrow()
	s.next = 400
	again := full()
	again["Admin_Patient"][1] = bilalRow.with("MobilePhone", "07700 900108")
	s.night(again)
	s.tells(bothBooked + "; 9/1 23 Nov 11:00 booked") // nobody said that it is full
	s.c.Bulk = "400"
	s.restart()
	f := s.tells(bothBooked) // the slot that it does not hold is gone
	if s.visit(f, bilal).Patient.Mobile != gateway.NewPhone("+447700900108") {
		t.Error("the old number is still given")
	}
	if old := s.everything(); bytes.Contains(old, []byte("emis-extract/291")) {
		t.Error("something of the former full delivery is still kept")
	}
	s.tomorrow()
	s.deliver("401", s.clock.Now().Add(-time.Hour), oneFreed())
	s.tells(oneCancelled)
}

func TestUntilANewFullDeliveryIsReadTheOldStateStands(t *testing.T) {
	s := newStage(t)
	s.night(full())
	first := s.tells(bothBooked)
	s.tomorrow()
	s.c.Bulk = "400"
	s.restart()
	if f := s.tells(bothBooked); !f.AsOf.Equal(first.AsOf) || len(f.Unreadable) != 1 {
		t.Error("waiting for the delivery, it says nothing of it")
	}
	d := full()
	d["Admin_Patient"][1] = bilalRow.with("Deleted", "true")
	s.deliver("400", s.clock.Now().Add(-time.Hour), d)
	if f := s.tells(bothBooked); len(f.Unreadable) != 1 || !strings.Contains(f.Unreadable[0].Why, "no full delivery") {
		t.Errorf("a batch with deleted patients passes for a full delivery: %v", f.Unreadable)
	}
}

func TestOnePracticeOfSeveralIsFoundByItsCode(t *testing.T) {
	s := newStage(t)
	d := full()
	d["Admin_Organisation"] = []row{{"OrganisationGuid": ann, "ODSCode": "B82002"}}
	s.night(d)
	s.refuses("no organisation has the practice's ODS code")
	s.c.Organisation = strings.ToUpper(org)
	s.restart()
	s.tells(bothBooked)

	s = newStage(t)
	d = full()
	d["Admin_Organisation"] = append(d["Admin_Organisation"], row{"OrganisationGuid": bilal, "ODSCode": "A81001"})
	s.night(d)
	s.refuses("more than one organisation")
}

func TestAPracticeThatDoesNotShareAnyMoreIsHeld(t *testing.T) {
	for what, change := range map[string][]string{
		"disabled": {"Disabled", "true"}, "not active": {"IsActivated", "false"}, "deleted": {"Deleted", "true"}, "in a word that nobody knows": {"Disabled", "soon"},
	} {
		s := newStage(t)
		s.night(full())
		s.read()
		s.tomorrow()
		s.night(delivery{"Agreements_SharingOrganisation": {full()["Agreements_SharingOrganisation"][0].with(change...)}, "Admin_Patient": {annRow.with("Deleted", "true")}})
		s.refuses("does not share the practice's data any more since batch 292")
		s.tomorrow()
		s.night(delivery{"Agreements_SharingOrganisation": full()["Agreements_SharingOrganisation"]})
		s.refuses("does not share") // what was deleted meanwhile nobody has deleted
		s.tomorrow()
		s.c.Bulk = "294"
		s.restart()
		s.night(full())
		if got := told(s.read()); got != bothBooked {
			t.Errorf("%s: after a new full delivery: %s", what, got)
		}
	}
}

func TestFilesOfAnotherAgreementAreOnlyReadWhenAskedFor(t *testing.T) {
	s := newStage(t)
	s.night(full())
	name := strings.Replace(s.name("7", "Admin_Patient", begin), "45E7CD20", "99999999", 1)
	s.write(name, content(needed["Admin_Patient"], nil))
	s.refuses("more than one sharing agreement")
	s.c.Agreement = "45e7cd20-ee37-41ab-90d6-dc9d4b03d102"
	s.restart()
	s.tells(bothBooked)
}

func TestTablesThatAnAgreementLacksAreNotAskedFor(t *testing.T) {
	s := newStage(t, func(c *emisextract.Config) {
		c.Without = []string{"Admin_Organisation", "Agreements_SharingOrganisation", "Coding_ClinicalCode", "CareRecord_Observation"}
		c.Organisation = org
	})
	d := full()
	for _, table := range s.c.Without {
		d[table] = nil
	}
	s.night(d)
	s.tells(bothBooked)
}

func TestAnotherPracticesRowsLeaveNothingBehind(t *testing.T) {
	s := newStage(t)
	d := full()
	for _, table := range []string{"Admin_Patient", "Appointment_Slot", "Appointment_Session", "CareRecord_Observation"} {
		for _, r := range d[table] {
			theirs := r.with("OrganisationGuid", bilal)
			for _, key := range []string{"PatientGuid", "SlotGuid", "AppointmentSessionGuid"} {
				if r[key] != "" {
					theirs[key] = strings.Replace(r[key], "a0000", "b0000", 1)
				}
			}
			d[table] = append(d[table], theirs)
		}
	}
	s.night(d)
	s.tells(bothBooked)
	if bytes.Contains(s.everything(), []byte("b0000")) {
		t.Error("another practice's people are kept")
	}
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	s := newStage(t)
	s.night(full())
	s.read()
	for range 9 {
		s.tomorrow()
		s.night(nil)
		s.read()
	}
	if kept := s.everything(); bytes.Contains(kept, []byte("/s/")) || bytes.Contains(kept, []byte("/n/")) || !bytes.Contains(kept, []byte("/p/")) {
		t.Errorf("slots and sessions of last week are kept, or patients are not")
	}
	if f := s.read(); f.Complete || len(f.Appointments) > 0 {
		t.Error("a diary without any visit to come counts as complete")
	}
}

var errDown = errors.New("the store is down")

func TestASlotOfAStrangerIsListed(t *testing.T) {
	s := newStage(t)
	d := full()
	d["Admin_Patient"] = []row{bilalRow}
	s.night(d)
	f := s.tells("2/2 23 Nov 09:20 booked")
	if len(f.Unreadable) != 1 || f.Unreadable[0].Where != "slot "+slotOne {
		t.Errorf("%v", f.Unreadable)
	}
}

// A practice's shelf holds tens of thousands of things, and is read every few minutes.
func TestBetweenTwoNightsTheShelfIsNotLookedThroughAgain(t *testing.T) {
	s := newStage(t)
	shelf := s.shelf.(*gatewaytest.Shelf) //nolint:forcetypeassert // newStage made it
	s.night(full())
	s.tells(bothBooked)
	before := shelf.Listings()
	s.clock.Advance(time.Hour)
	s.tells(bothBooked)
	if n := shelf.Listings() - before; n != 0 {
		t.Errorf("looked through %d times", n)
	}
	s.tomorrow()
	s.night(oneFreed())
	s.tells(oneCancelled)
}
