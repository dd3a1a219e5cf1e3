package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bellman/adapters/gpconnect/gpconnectsim"
	"bellman/adapters/pds/pdssim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

// besidePDS is a scene whose practice asks PDS before each text.
type besidePDS struct {
	*scene
	pds *pdssim.Sim
	nhs map[int]string // by patient
}

// newBesidePDS builds the scene with patients of whom PDS knows what the practice
// does, each with an NHS number of their own.
func newBesidePDS(t *testing.T, source string, now time.Time, n int) (*besidePDS, []patient) {
	t.Helper()
	s := &besidePDS{scene: newScene(t, source, now), nhs: map[int]string{}}
	s.pds = pdssim.New(s.diary, pdssim.Options{Clock: s.clock, APIKey: simClient, KeyID: simParty})
	at := s.host(s.pds)
	s.write("pds.key", s.pds.PrivateKey())
	s.edit("source: ", fmt.Sprintf(`checks:
      - type: pds
        base_url: %s
        per_second: 500
        auth: {token_url: %s, api_key: %s, key_id: %s, private_key_file: ./pds.key}
    source: `, at+pdssim.Base, at+pdssim.TokenPath, simClient, simParty))
	people := surgery.New(s.clock) // of the surgery of forty, for their NHS numbers
	surgery.Forty(people, now, 8)
	all := s.booked(london(time.October, 28, 9, 0), n)
	for i, p := range all {
		nhs := people.People()[i].NHSNumber
		s.nhs[p.id] = nhs
		s.diary.Edit(p.id, func(p *surgery.Person) { p.NHSNumber = nhs })
	}
	s.drop()
	return s, all
}

// says changes what PDS says of a patient.
func (s *besidePDS) says(p patient, edit func(*pdssim.Record)) { s.pds.Edit(s.nhs[p.id], edit) }

// story gives what became of the reminders of a patient's visit, in order.
func (s *besidePDS) story(p patient) []string {
	return slices.DeleteFunc(s.told(p), func(line string) bool { return strings.HasPrefix(line, "seen") || strings.HasPrefix(line, "planned") })
}

func TestWhomPDSKnowsBetterGetsNoTextAlthoughThePracticeWouldSendOne(t *testing.T) {
	t.Parallel()
	inEach(t, []string{"emis", "fhir", "files"}, func(t *testing.T, source string) {
		s, all := newBesidePDS(t, source, london(time.October, 20, 17, 0), 7)
		well, dead, hidden, renumbered, merged, gone, noCalls := all[0], all[1], all[2], all[3], all[4], all[5], all[6]
		s.says(dead, func(r *pdssim.Record) { r.Death = "1" })
		s.says(hidden, func(r *pdssim.Record) { r.Label = "R" })
		s.says(renumbered, func(r *pdssim.Record) { r.Telecom = []pdssim.Telecom{{Use: "mobile", Value: "07700 900999"}} })
		s.says(merged, func(r *pdssim.Record) { r.NHSNumber = "9990000018" })
		s.says(gone, func(r *pdssim.Record) { r.Exit, r.ExitFrom = "EMB", s.clock.Now().AddDate(0, -1, 0) })
		s.says(noCalls, func(r *pdssim.Record) { r.Contact = "8" })
		v := s.live()
		if n := s.pds.Asked(""); n != 0 {
			t.Errorf("reading the diary asked PDS %d times", n)
		}
		v.hour(london(time.October, 21, 10, 12))
		check := func(when string) {
			t.Helper()
			for _, c := range []struct {
				what string
				p    patient
				want []string
			}{
				{"the dead patient", dead, []string{"1d withdrawn deceased", "7d withdrawn deceased"}},
				{"the hidden patient", hidden, []string{"1d withdrawn restricted", "7d withdrawn restricted"}},
				{"the patient with another number", renumbered, []string{"1d held number_unclear", "7d held number_unclear"}},
				{"the patient with another NHS number", merged, []string{"1d held restriction_unclear", "7d held restriction_unclear"}},
				{"the patient who left the country", gone, []string{"1d withdrawn left_practice", "7d withdrawn left_practice"}},
				{"the patient who wants no calls", noCalls, []string{"1d withdrawn needs_other_way", "7d withdrawn needs_other_way"}},
			} {
				got := s.stands(c.p)
				slices.Sort(got)
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: %s stands at %q, want %q", when, c.what, got, c.want)
				}
			}
		}
		check("once it was due")
		if n := count(s.reminders()); n != 1 || len(s.reminders()[well.number]) != 1 {
			t.Errorf("%d texts came, want one, to the patient of whom PDS says nothing", n)
		}

		// Nothing flaps: read after read, while the practice goes on to say that all
		// are well, nothing moves and PDS is not asked again.
		s.clock.set(s.clock.Now().Add(2 * time.Minute))
		s.drop()
		v.fresh()
		v.await("the next read has made it a task to reach the patient who wants no calls", func() string {
			if told := strings.Join(s.story(noCalls), "\n"); !strings.Contains(told, "contact_other_way") {
				return told
			}
			return ""
		})
		asked, stories := s.pds.Asked(""), map[int][]string{}
		for _, p := range all {
			stories[p.id] = s.story(p)
		}
		for range 3 {
			s.clock.set(s.clock.Now().Add(15 * time.Minute))
			s.drop()
			v.fresh()
			v.reads(3)
			v.quiet()
		}
		check("three quarters of an hour later")
		if n := s.pds.Asked(""); n != asked {
			t.Errorf("reading the diary asked PDS %d times", n-asked)
		}
		for _, p := range all {
			if now := s.story(p); !slices.Equal(now, stories[p.id]) {
				t.Errorf("the story of %d went on from %q to %q", p.slot, stories[p.id], now)
			}
		}

		// PDS took the notice of death back: a day later a read asks anew, and what
		// was withdrawn for it comes, late as it is, and then the reminder of the day
		// before.
		s.says(dead, func(r *pdssim.Record) { r.Death = "U" })
		s.clock.set(london(time.October, 26, 12, 0))
		s.drop()
		v.fresh()
		v.read()
		v.hour(london(time.October, 27, 10, 12))
		if n := len(s.reminders()[dead.number]); n != 2 {
			t.Errorf("the patient who is alive after all got %d texts, want 2", n)
		}
		if n := count(s.reminders()); n != 4 || len(s.reminders()[hidden.number])+len(s.reminders()[renumbered.number])+len(s.reminders()["+447700900999"]) != 0 {
			t.Errorf("in the end %d texts came, want 4", n)
		}
		if n := v.metric("bellman_unexplained"); n != 0 {
			t.Errorf("%v reminders cannot be explained", n)
		}
		v.stop()
		for _, secret := range s.nhs {
			if strings.Contains(v.log.String(), secret) {
				t.Error("the log holds an NHS number")
			}
		}
	})
}

// besideGPConnect lets GP Connect be asked after PDS, and gives it and the practice's
// system as it shows it, which has the visits of the scene.
func (s *besidePDS) besideGPConnect(all []patient) (*gpconnectsim.Sim, *surgery.Diary) {
	s.t.Helper()
	const root = "https://gp.example.org/A81001/STU3/1/gpconnect"
	there := surgery.New(s.clock)
	for _, p := range all {
		person, _ := s.diary.Person(p.id)
		there.Register(person)
		visit, _ := s.diary.Visit(p.slot)
		there.Book(visit)
	}
	sim := gpconnectsim.New(there, gpconnectsim.Options{Clock: s.clock, Root: root, From: simASID, To: simGPASID})
	s.edit("    source: ", fmt.Sprintf(`      - type: gpconnect
        base_url: %s
        ssp: %s
        from_asid: %q
        to_asid: %q
        agreement: an invented one
        jwt:
          issuer: https://texts.example.org
          device: {system: a, value: b, model: c, version: d}
          organisation: {ods: A81001, name: Riverside Surgery}
          practitioner: {id: "10019", given: Claire, family: Farrow, sds_user_id: "111222333444", local_system: a, local_id: b}
    source: `, root, s.host(sim), simASID, simGPASID))
	return sim, there
}

func TestWhereThePracticesOwnSystemCannotCancelGPConnectDoes(t *testing.T) {
	t.Parallel()
	s, all := newBesidePDS(t, "files", london(time.October, 20, 17, 0), 2)
	_, there := s.besideGPConnect(all)
	s.edit(`    poll: "@every 1s"`, `    poll: "@every 1s"
    writes: {cancellations: "A. Manager"}`)
	v := s.live()
	v.read()
	s.do("cancel", "--practice", scenePractice, "--appointment", fmt.Sprint(all[0].slot), "--yes", "--by", "Jo Field")
	for i, want := range []gateway.Status{gateway.StatusCancelled, gateway.StatusBooked} {
		if visit, _ := there.Visit(all[i].slot); visit.Status != want {
			t.Errorf("visit %d stands at %d, want %d", i, visit.Status, want)
		}
	}
	v.stop()
}

func TestGPConnectIsAskedAboutTheVisitButNeverAboutASensitivePatient(t *testing.T) {
	t.Parallel()
	s, all := newBesidePDS(t, "emis", london(time.October, 20, 17, 0), 4)
	well, off, hidden, unknown := all[0], all[1], all[2], all[3]
	sim, there := s.besideGPConnect(all)
	there.Cancel(off.slot)
	there.Remove(unknown.slot)
	s.says(hidden, func(r *pdssim.Record) { r.Label = "R" })
	v := s.live()
	v.hour(london(time.October, 21, 10, 12))
	for p, want := range map[patient]string{
		well: "7d delivered", off: "7d withdrawn cancelled", hidden: "7d withdrawn restricted", unknown: "7d held status_unclear",
	} {
		if got := s.stands(p); !slices.Contains(got, want) {
			t.Errorf("patient %d stands at %q, want %q", p.id, got, want)
		}
	}
	for _, line := range sim.Lines() {
		if strings.Contains(line, s.nhs[hidden.id]) {
			t.Error("GP Connect was asked about a patient whose record is sensitive")
		}
	}
	if n := count(s.reminders()); n != 1 {
		t.Errorf("%d texts came, want 1", n)
	}
	_, out, _ := s.run("check")
	if !strings.Contains(out, "ok    gpconnect of A81001: answers and accepts the credentials") {
		t.Errorf("check says:\n%s", out)
	}
	v.stop()
	s.edit("type: pds", "type: gpconnect")
	if code, out, errOut := s.run("check"); code == exitDone || !strings.Contains(out+errOut, "must stand after pds") {
		t.Errorf("GP Connect without PDS before it is accepted:\n%s%s", out, errOut)
	}
}

func TestWhilePDSDoesNotAnswerTheTextWaits(t *testing.T) {
	t.Parallel()
	s, all := newBesidePDS(t, "emis", london(time.October, 20, 17, 0), 1)
	v := s.live()
	s.pds.SetFaults(pdssim.Faults{Status: http.StatusServiceUnavailable})
	s.clock.set(london(time.October, 21, 9, 1))
	v.fresh()
	v.await("the text is held", func() string {
		if got := s.stands(all[0]); !slices.Contains(got, "7d held reread_failed") {
			return strings.Join(got, ", ")
		}
		return ""
	})
	if n := count(s.reminders()); n != 0 {
		t.Errorf("%d texts came", n)
	}
	s.pds.SetFaults(pdssim.Faults{})
	s.clock.set(london(time.October, 21, 9, 3))
	v.await("the text has come", func() string {
		if n := len(s.reminders()[all[0].number]); n != 1 {
			return fmt.Sprintf("%d texts", n)
		}
		return ""
	})
	v.stop()
}

func TestCheckShowsThatPDSLetsUsIn(t *testing.T) {
	t.Parallel()
	s, _ := newBesidePDS(t, "fhir", london(time.October, 20, 17, 0), 1)
	s.do("keys", "new")
	_, out, _ := s.run("check")
	for _, want := range []string{"ok    pds of A81001: answers and accepts the credentials", "ok    clock: agrees with pds of A81001"} {
		if !strings.Contains(out, want) {
			t.Errorf("check does not say %q:\n%s", want, out)
		}
	}
	s.pds.SetFaults(pdssim.Faults{DenyToken: true})
	if _, out, _ = s.run("check"); !strings.Contains(out, "FAIL  pds of A81001:") || !strings.Contains(out, "practices[0].checks[0]") {
		t.Errorf("check does not say what to do:\n%s", out)
	}
	s.edit("type: pds", "type: sdp")
	if code, out, errOut := s.run("check"); code == exitDone || !strings.Contains(out+errOut, "practices[0].checks[0].type") {
		t.Errorf("an unknown check is accepted:\n%s%s", out, errOut)
	}
}
