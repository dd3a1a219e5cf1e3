package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
)

// zoneFile tells a process of its own, whose zone is another, where to write down
// what it planned, sent and explained.
const zoneFile = "BELLMAN_ZONE_FILE"

// The same surgery around both of London's clock changes, by servers in three
// parts of the world.
func TestTheServersZoneChangesNoTextAndNoTime(t *testing.T) {
	if to := os.Getenv(zoneFile); to != "" {
		playClockChanges(t, to)
		return
	}
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	dir := t.TempDir()
	zones := []string{"UTC", "America/New_York", "Pacific/Auckland"}
	var all sync.WaitGroup
	for i, zone := range zones {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.count=1", "-test.timeout=4m", "-test.run=^"+t.Name()+"$")
			cmd.Env = append(os.Environ(), "TZ="+zone, zoneFile+"="+filepath.Join(dir, fmt.Sprint(i)))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("in %s: %v\n%s", zone, err, out)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	var said [3]string
	for i := range zones {
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		first, rest, _ := bytes.Cut(b, []byte("\n"))
		if string(first) != zones[i] {
			t.Errorf("the process for %s ran in %s", zones[i], first)
		}
		said[i] = string(rest)
	}
	for i := 1; i < len(zones); i++ {
		if diff := cmp.Diff(said[0], said[i]); diff != "" {
			t.Errorf("%s and %s differ:\n%s", zones[0], zones[i], diff)
		}
	}
}

// change is one of London's clock changes, with a visit at ten past nine on the
// day before, the day itself and the day after, and one in the doubtful hour.
type change struct {
	name   string
	days   [3]string // dates, DD/MM/YYYY
	starts [3]string // the visits, in UTC
	due    [6]string // of 7d and 1d for each, in UTC: the same wall time
	words  [3]string
	doubt  string // the wall time that is doubtful on the day itself
}

var changes = []change{
	{
		"back", [3]string{"24/10/2026", "25/10/2026", "26/10/2026"},
		[3]string{"2026-10-24T08:10:00Z", "2026-10-25T09:10:00Z", "2026-10-26T09:10:00Z"},
		[6]string{"2026-10-17T08:10:00Z", "2026-10-23T08:10:00Z", "2026-10-18T08:10:00Z", "2026-10-24T08:10:00Z", "2026-10-19T08:10:00Z", "2026-10-25T09:10:00Z"},
		[3]string{"Saturday 24 October at 9:10am", "Sunday 25 October at 9:10am", "Monday 26 October at 9:10am"}, "01:30",
	},
	{
		"forward", [3]string{"27/03/2027", "28/03/2027", "29/03/2027"},
		[3]string{"2027-03-27T09:10:00Z", "2027-03-28T08:10:00Z", "2027-03-29T08:10:00Z"},
		[6]string{"2027-03-20T09:10:00Z", "2027-03-26T09:10:00Z", "2027-03-21T09:10:00Z", "2027-03-27T09:10:00Z", "2027-03-22T09:10:00Z", "2027-03-28T08:10:00Z"},
		[3]string{"Saturday 27 March at 9:10am", "Sunday 28 March at 9:10am", "Monday 29 March at 9:10am"}, "01:30",
	},
}

// zonePatient gives the number of the patient of a change and visit; 3 is the one
// in the doubtful hour.
func zonePatient(c, visit int) string { return fmt.Sprintf("07700 900%d0%d", c+1, visit) }

// export writes the diary as a clinical system does that knows wall times only.
func (c change) export(s *scene, n int, at time.Time) {
	var b strings.Builder
	b.WriteString("Appointment ID,Patient ID,First Name,NHS Number,Mobile,Date,Time,Status,Location,Type,SMS permission,Date of death,Date left\n")
	row := func(visit int, date, clock string) {
		_, _ = fmt.Fprintf(&b, "%d%d,P%d%d,Efua,,%s,%s,%s,Booked,Site 5,Face-to-face,Yes,,\n", n+1, visit, n+1, visit, zonePatient(n, visit), date, clock)
	}
	for i, day := range c.days {
		row(i, day, "09:10")
	}
	row(3, c.days[1], c.doubt)
	today := at.In(gateway.London())
	mark := fmt.Sprintf("rows: 4\nfrom: %s\nto: %s\n", today.Format(time.DateOnly), today.AddDate(0, 0, 60).Format(time.DateOnly))
	for name, content := range map[string]string{"appointments.csv": b.String(), "appointments.csv.complete": mark} {
		s.write("dropping", content)
		if err := os.Chtimes(s.path("dropping"), at, at); err != nil {
			s.t.Fatal(err)
		}
		if err := os.Rename(s.path("dropping"), filepath.Join(s.export, name)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// playClockChanges plays both changes and writes down all that was said.
func playClockChanges(t *testing.T, to string) {
	said := os.Getenv("TZ") + "\n"
	if zone := time.Now().In(time.Local).Location().String(); zone != "Local" && zone != os.Getenv("TZ") {
		t.Fatalf("this process runs in %s", zone)
	}
	for n, c := range changes {
		said += c.play(t, n)
	}
	if err := os.WriteFile(to, []byte(said), 0o600); err != nil {
		t.Fatal(err)
	}
}

func instant(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return at
}

func (c change) play(t *testing.T, n int) string {
	s := newScene(t, "files", instant(c.due[0]).Add(-24*time.Hour))
	s.edit("policy: {}", `policy: {reminders: [{before: 7d}, {before: 1d}], window: {days: [mon, tue, wed, thu, fri, sat, sun], from: "09:00", to: "18:00", bank_holidays: true}}`)
	s.clock.stop(s.clock.Now().Truncate(time.Second))
	c.export(s, n, s.clock.Now())
	s.do("keys", "new")
	said := s.do("plan", "--practice", scenePractice, "--json")
	v := s.serve()
	v.fresh()
	moments := slices.Sorted(slices.Values(c.due[:]))
	for i, due := range moments {
		at := instant(due)
		// First the export, then the time in which it is made: a read between the two
		// must not find one that is a day old, which holds what waits.
		c.export(s, n, at.Add(-time.Minute))
		s.clock.stop(at.Add(-time.Minute))
		v.read()
		if got := count(s.reminders()); got != i {
			t.Errorf("%s: a minute before %s %d texts have come, want %d", c.name, due, got, i)
		}
		s.clock.stop(at)
		v.await("what is due has come", func() string {
			if got := count(s.reminders()); got != i+1 {
				return fmt.Sprintf("at %s %d texts, want %d", due, got, i+1)
			}
			return ""
		})
		v.quiet()
		if i == 0 {
			said += c.held(s)
		}
	}
	phones := s.reminders()
	for visit := range 3 {
		number := "+44" + strings.ReplaceAll(zonePatient(n, visit), " ", "")[1:]
		for i, text := range phones[number] {
			if want := instant(c.due[2*visit+i]); !text.At.Equal(want) {
				t.Errorf("%s: text %d of visit %d came at %s, want %s", c.name, i, visit, text.At.UTC(), want)
			}
			if !strings.Contains(text.Body, " on "+c.words[visit]+".") {
				t.Errorf("%s: text %d of visit %d says %q", c.name, i, visit, text.Body)
			}
		}
		if len(phones[number]) != 2 {
			t.Errorf("%s: visit %d has %d texts, want 2", c.name, visit, len(phones[number]))
		}
	}
	for _, number := range slices.Sorted(maps.Keys(phones)) {
		for _, text := range phones[number] {
			said += fmt.Sprintln(number, text.At.UTC().Format(time.RFC3339Nano), text.Body)
		}
	}
	for visit := range 4 {
		for line := range strings.Lines(s.do("explain", "--practice", scenePractice, "--appointment", fmt.Sprintf("%d%d", n+1, visit))) {
			if !strings.Contains(line, " accepted") { // a receipt may overtake the answer
				said += line
			}
		}
	}
	v.stop()
	return said
}

// held checks that the visit in the doubtful hour is held for that, and gives the
// queue.
func (c change) held(s *scene) string {
	queue := s.do("queue", "--practice", scenePractice)
	if got := strings.Count(queue, gateway.TimeUnclear.Words()); got != 2 {
		s.t.Errorf("%s: %d reminders of the visit in the doubtful hour are held for it, want 2\n%s", c.name, got, queue)
	}
	return queue
}
