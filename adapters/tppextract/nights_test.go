package tppextract_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/extract"
	"bellman/adapters/surgery"
	"bellman/adapters/tppextract/tppextractsim"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestAWeekOfNightsSaysWhatAFullExtractSays(t *testing.T) {
	for _, form := range []tppextractsim.Form{tppextractsim.Zip, tppextractsim.Split, tppextractsim.Plain} {
		st := newStage(t, tppextractsim.Options{Form: form})
		st.night()
		st.agrees()
		for i := range 5 {
			slot := st.cases[12+i].Slot
			switch i {
			case 0:
				st.diary.Cancel(slot)
			case 1:
				st.diary.Remove(slot)
			case 2:
				st.diary.Move(slot, morning.AddDate(0, 0, 9))
			case 3:
				v, _ := st.diary.Visit(slot)
				st.diary.Edit(v.Person, func(p *surgery.Person) { p.Died = st.clock.Now().AddDate(0, 0, -1) })
			case 4:
				v, _ := st.diary.Visit(slot)
				st.diary.Book(surgery.Visit{Slot: slot, Person: 1001, Start: v.Start, Site: 5, Mode: gateway.ModeVideo})
			}
			st.night()
			st.agrees()
		}
	}
}

func TestAGapStopsTheReadingUntilItIsFilled(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.night()
	st.read()
	st.diary.Cancel(st.cases[12].Slot)
	missing := st.night()
	hidden := filepath.Join(t.TempDir(), missing)
	if err := os.Rename(filepath.Join(st.dir, missing), hidden); err != nil {
		t.Fatal(err)
	}
	st.diary.Cancel(st.cases[13].Slot)
	st.night()
	st.refuses("a gap")
	st.refuses("a gap")
	if err := os.Rename(hidden, filepath.Join(st.dir, missing)); err != nil {
		t.Fatal(err)
	}
	st.agrees()
}

func TestAFullExtractHealsAGap(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.night()
	st.read()
	st.diary.Remove(st.cases[12].Slot)
	st.sim.Lose()
	st.diary.Cancel(st.cases[13].Slot)
	st.night()
	st.refuses("a gap")
	st.bulk()
	st.agrees()
	st.diary.Cancel(st.cases[14].Slot)
	st.night()
	st.agrees()
}

func TestAFullExtractThatHoldsNothingHidesNoGap(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.night()
	before := st.read()
	st.sim.Lose() // a night that nobody can prove any more
	st.sim.SetFaults(tppextractsim.Faults{FalseBulk: true})
	st.night()
	if f := st.read(); !f.AsOf.Equal(before.AsOf) {
		t.Errorf("as of %v, and nothing was said of appointments since %v", f.AsOf, before.AsOf)
	}
	st.sim.SetFaults(tppextractsim.Faults{})
	st.diary.Cancel(st.cases[13].Slot)
	st.night()
	st.refuses("a gap")
	st.bulk()
	st.agrees()
}

func TestALostShelfBeginsWithTheLastFullExtract(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	first := st.night()
	st.diary.Cancel(st.cases[12].Slot)
	st.night()
	st.read()
	st.adapter = join(t, st.dir, st.clock, gatewaytest.NewShelf())
	st.agrees()
	st.lose(first)
	st.adapter = join(t, st.dir, st.clock, gatewaytest.NewShelf())
	st.refuses("no full extract to begin with")
	st.bulk()
	st.agrees()
}

func TestAnEmptyFolderIsAnErrorAndNoEmptyDiary(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.refuses("no full extract to begin with")
}

func TestWhatWasTakenInStaysKnownWhenTheFolderIsCleared(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	name := st.night()
	before := st.read()
	st.lose(name)
	st.clock.Advance(time.Hour)
	after := st.read()
	if !maps.Equal(byID(before), byID(after)) || !after.AsOf.Equal(before.AsOf) {
		t.Error("without the files something else is known, or it counts as newer")
	}
}

func TestAnExtractThatIsNotThereAsAWholeWaits(t *testing.T) {
	for fault, words := range map[tppextractsim.Faults]string{
		{NoManifest: true}:     "its manifest has not come",
		{NoAppointments: true}: "1 of the 8 files of its manifest have not come",
		{Truncate: true}:       "the zip is not whole yet",
		{Page: true}:           "the zip is not whole yet",
	} {
		t.Run(words, func(t *testing.T) {
			st := newStage(t, tppextractsim.Options{})
			st.night()
			whole := st.read()
			st.diary.Cancel(st.cases[12].Slot)
			st.sim.SetFaults(fault)
			st.night()
			f := st.read()
			if !f.AsOf.Equal(whole.AsOf) || !maps.Equal(byID(f), byID(whole)) {
				t.Error("something of it counts already")
			}
			if notes := strings.Join(f.Notes, "\n"); !strings.Contains(notes, words) {
				t.Errorf("the notes do not say %q:\n%s", words, notes)
			}
		})
	}
}

func TestAVolumeThatHasNotComeIsWaitedFor(t *testing.T) {
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Split})
	name := st.night()
	volume := filepath.Join(st.dir, name, "SRExtract.z02")
	content, err := os.ReadFile(volume)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(volume); err != nil {
		t.Fatal(err)
	}
	st.refuses("no full extract to begin with")
	if err := os.WriteFile(volume, content, 0o600); err != nil {
		t.Fatal(err)
	}
	st.agrees()
}

func TestAnUnpackedTableThatBreaksOffEndsTheReadingUntilItIsWhole(t *testing.T) {
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Plain})
	st.night()
	st.read()
	st.diary.Cancel(st.cases[12].Slot)
	name := st.night()
	path := filepath.Join(st.dir, name, "SRAppointment.csv")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, st.clock.Now().Add(-time.Minute), st.clock.Now().Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	write(whole[:len(whole)-40])
	st.refuses("its last line breaks off")
	hidden := filepath.Join(t.TempDir(), name)
	if err := os.Rename(filepath.Join(st.dir, name), hidden); err != nil {
		t.Fatal(err)
	}
	st.refuses("was taken in by half")
	if err := os.Rename(hidden, filepath.Join(st.dir, name)); err != nil {
		t.Fatal(err)
	}
	write(whole)
	st.agrees()
}

func TestAFullTableWithoutARowOfThisPracticeIsNoEmptyPractice(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.night()
	before := st.read()
	st.sim.SetFaults(tppextractsim.Faults{FalseBulk: true})
	st.night()
	after := st.read()
	if len(after.Appointments) != len(before.Appointments) || !after.AsOf.Equal(before.AsOf) {
		t.Errorf("%d visits of %d are left, as of %v", len(after.Appointments), len(before.Appointments), after.AsOf)
	}
	if notes := strings.Join(after.Notes, "\n"); !strings.Contains(notes, "SRAppointment of") || !strings.Contains(notes, "passed over") {
		t.Errorf("nothing is said of it:\n%s", notes)
	}
}

func TestATableThatIsNotDeliveredIsAskedFor(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.sim.SetFaults(tppextractsim.Faults{NotListed: "SRSmsConsent"})
	st.night()
	st.refuses("no full extract to begin with")
}

func TestAnExtractWithoutAppointmentsDoesNotMakeTheDiaryYounger(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.night()
	before := st.read()
	v, _ := st.diary.Visit(st.cases[12].Slot)
	st.diary.Edit(v.Person, func(p *surgery.Person) { p.Declined = true })
	st.sim.SetFaults(tppextractsim.Faults{NotListed: "SRAppointment"})
	st.night()
	after := st.read()
	if !after.AsOf.Equal(before.AsOf) {
		t.Errorf("as of %v, and nothing was said of appointments since %v", after.AsOf, before.AsOf)
	}
	declined := 0
	for _, a := range after.Appointments {
		if a.Patient.Declined == gateway.FlagYes {
			declined++
		}
	}
	if declined != 1 {
		t.Errorf("%d patients refuse, want 1", declined)
	}
}

func TestARefusalNobodyUnderstandsHolds(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	v, _ := st.diary.Visit(st.cases[12].Slot)
	st.diary.Edit(v.Person, func(p *surgery.Person) { p.Declined = true })
	st.sim.SetFaults(tppextractsim.Faults{Refusal: "X"})
	st.night()
	for _, a := range st.read().Appointments {
		if a.Start.Equal(v.Start) && a.Patient.Declined != gateway.FlagUnclear {
			t.Errorf("declined is %d", a.Patient.Declined)
		}
	}
}

// Put fails once, in the place it was told to.
func (f *failing) Put(ctx context.Context, things ...gateway.Kept) error {
	if f.left--; f.left == 0 {
		return errFull
	}
	return f.Shelf.Put(ctx, things...)
}

func TestAProcessThatEndsInTheMiddleHasDoneNoHarm(t *testing.T) {
	puts := 0
	for at := 1; ; at++ {
		st := newStage(t, tppextractsim.Options{})
		st.night()
		st.read()
		for i := range 6 {
			v, _ := st.diary.Visit(st.cases[12+i].Slot)
			st.diary.Edit(v.Person, func(p *surgery.Person) { p.Mobile = fmt.Sprintf("07700 90060%d", i) })
			st.diary.Move(v.Slot, v.Start.AddDate(0, 0, 1))
		}
		st.night()
		shelf := &failing{st.shelf, at}
		if _, err := st.try(join(t, st.dir, st.clock, shelf)); err == nil {
			break
		} else if !errors.Is(err, errFull) {
			t.Fatal(err)
		}
		puts++
		st.agrees()
	}
	if puts < 5 {
		t.Errorf("only %d places to end in were found", puts)
	}
}

func TestTwoReplicasDoNoHarm(t *testing.T) {
	st := newStage(t, tppextractsim.Options{Form: tppextractsim.Split})
	st.night()
	other := join(t, st.dir, st.clock, st.shelf)
	var wg sync.WaitGroup
	for range 3 {
		for _, a := range []gateway.Source{st.adapter, other} {
			wg.Go(func() {
				f, err := st.try(a)
				switch {
				case errors.Is(err, extract.ErrElsewhere):
				case err != nil:
					t.Error(err)
				case len(f.Appointments) != len(st.cases):
					t.Errorf("%d visits, want %d", len(f.Appointments), len(st.cases))
				}
			})
		}
		wg.Wait()
		st.diary.Cancel(st.cases[12].Slot)
		st.night()
	}
	st.agrees()
}

func TestVisitsThatAreOverAreNotKept(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.night()
	st.read()
	st.clock.Advance(10 * 24 * time.Hour)
	st.night()
	st.read()
	left := 0
	if err := st.shelf.Each(t.Context(), "a/", func(gateway.Kept) error { left++; return nil }); err != nil {
		t.Fatal(err)
	}
	if left != 0 {
		t.Errorf("%d visits of last week are kept", left)
	}
}

// A practice's shelf holds tens of thousands of things, and is read every few minutes.
func TestBetweenTwoNightsTheShelfIsNotLookedThroughAgain(t *testing.T) {
	st := newStage(t, tppextractsim.Options{})
	st.bulk()
	first := st.read()
	before := st.shelf.Listings()
	span := gateway.Span{From: morning, To: morning.AddDate(0, 1, 0)}
	if again := st.read(); len(again.Appointments) != len(first.Appointments) || len(first.Appointments) == 0 {
		t.Errorf("%d visits, and then %d", len(first.Appointments), len(again.Appointments))
	}
	span.From = first.Appointments[0].Start.Add(time.Second)
	if f, err := st.adapter.Read(t.Context(), span); err != nil || len(f.Appointments) == 0 || f.Appointments[0].Start.Before(span.From) {
		t.Errorf("the days asked for are not kept to: %d visits, %v", len(f.Appointments), err)
	}
	if n := st.shelf.Listings() - before; n != 0 {
		t.Errorf("looked through %d times", n)
	}
}
