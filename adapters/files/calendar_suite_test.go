package files_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bellman/adapters/adaptertest"
	"bellman/adapters/files"
	"bellman/adapters/files/filesim"
	"bellman/adapters/surgery"
	"bellman/gateway"
)

var calendarCan = adaptertest.Abilities{
	Name: true, NHSNumber: true, Deceased: true, Left: true, Declined: true, KeepsIDOnMove: true,
	Born: true, Clinic: true, Language: true, Statuses: []gateway.Status{gateway.StatusCancelled}, SilentWhenEmpty: true,
}

func TestCalendarsInAFolderDoWhatEveryAdapterMust(t *testing.T) {
	for name, b := range map[string]filesim.Book{
		"named": {}, "floating, in series": {Form: filesim.Floating, Series: true},
	} {
		t.Run(name, func(t *testing.T) { adaptertest.Run(t, calendarSubject(b)) })
	}
}

// calendarSubject is a calendar that is dropped into a folder.
func calendarSubject(b filesim.Book) adaptertest.Subject {
	can := calendarCan
	can.KeepsIDOnMove = !b.Series // a whole series that moves is another one
	return adaptertest.Subject{
		Name: "files", Can: can,
		New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			dir := inbox(t)
			b := withMaps(b)
			e := &exporter{dir: dir, clock: clock, name: filesim.CalendarName}
			var cancelled []int
			e.write = func(now time.Time) error {
				e.spoil(&b)
				now = now.Add(-5 * time.Second)
				if err := filesim.WriteCalendar(dir, d, now.Add(-5*time.Second), b); err != nil {
					return err
				}
				for _, slot := range cancelled {
					if err := filesim.WriteCancel(dir, slot, now); err != nil {
						return err
					}
				}
				return nil
			}
			w := wire(t, e, filesim.CalendarConfig(dir, b))
			w.Cancels = append(bookCancels(func(edit func(*filesim.Book)) { edit(&b) }),
				adaptertest.Cancel{Form: "called off by a METHOD:CANCEL", Do: func(slot int) { cancelled = append(cancelled, slot) }})
			return w
		},
	}
}

// spoil puts the exporter's fault into a calendar.
func (e *exporter) spoil(b *filesim.Book) {
	switch e.fault {
	case adaptertest.BadRecord:
		b.First = adaptertest.Canary
	case adaptertest.SkippedHour:
		b.First = "20270328T013000"
	}
}

func withMaps(b filesim.Book) filesim.Book {
	b.Excepted, b.Instance, b.Tentative, b.Free = map[int]bool{}, map[int]bool{}, map[int]bool{}, map[int]bool{}
	return b
}

// bookCancels are the ways in which a calendar calls a visit off.
func bookCancels(change func(func(*filesim.Book))) []adaptertest.Cancel {
	return []adaptertest.Cancel{
		{Form: "taken out of its series", Do: func(slot int) { change(func(b *filesim.Book) { b.Excepted[slot] = true }) }},
		{Form: "cancelled as one of its series", Do: func(slot int) { change(func(b *filesim.Book) { b.Instance[slot] = true }) }},
		{Form: "tentative", Do: func(slot int) { change(func(b *filesim.Book) { b.Tentative[slot] = true }) }},
		{Form: "marked as free time", Do: func(slot int) { change(func(b *filesim.Book) { b.Free[slot] = true }) }},
	}
}

func TestPublishedCalendarsDoWhatEveryAdapterMust(t *testing.T) {
	for name, b := range map[string]filesim.Book{
		"by code, in Outlook's zone": {ByCode: true, Form: filesim.Windows}, "in UTC": {ByCode: true, Form: filesim.UTC},
	} {
		t.Run(name, func(t *testing.T) { adaptertest.Run(t, publishedSubject(b)) })
	}
}

// publishedSubject is a calendar that is published under a secret address.
func publishedSubject(b filesim.Book) adaptertest.Subject {
	can := calendarCan
	can.Instants = b.Form == filesim.UTC
	return adaptertest.Subject{
		Name: "files", Can: can,
		New: func(t *testing.T, d *surgery.Diary, clock gateway.Clock) adaptertest.Wire {
			dir := inbox(t)
			sim := filesim.NewPublished(d, clock, withMaps(b))
			server := httptest.NewServer(sim)
			t.Cleanup(server.Close)
			c := filesim.CalendarConfig(dir, b)
			c.Dir, c.Calendar.URL = "", gateway.NewSecret(server.URL+filesim.PublishedPath)
			a, err := files.New(c, gateway.Surroundings{Clock: clock, Trial: true})
			if err != nil {
				t.Fatal(err)
			}
			source := &listing{Adapter: a, write: func() error { return filesim.WritePatients(dir, d, clock.Now().Add(-5*time.Second)) }, t: t}
			return adaptertest.Wire{
				Source: source, Secrets: []string{filesim.PublishedPath, "3f9c2b7e51d84a06"}, Cancels: bookCancels(sim.Change),
				Break: func(f adaptertest.Fault) bool {
					switch f {
					case adaptertest.ServerError:
						sim.SetFaults(filesim.Faults{Status: 503})
					case adaptertest.Denied:
						sim.SetFaults(filesim.Faults{Status: 404})
					case adaptertest.Truncated:
						sim.SetFaults(filesim.Faults{Truncate: true})
					case adaptertest.NotTheFormat:
						sim.SetFaults(filesim.Faults{Page: true})
					case adaptertest.Hangs:
						sim.SetFaults(filesim.Faults{SlowMS: 60_000})
					case adaptertest.Replayed:
						source.stopped = true
						sim.SetFaults(filesim.Faults{Cached: true})
					case adaptertest.BadRecord:
						sim.Change(func(b *filesim.Book) { b.First = adaptertest.Canary })
					case adaptertest.SkippedHour:
						sim.Change(func(b *filesim.Book) { b.First = "20270328T013000" })
					default:
						return false // an answer without pages
					}
					return true
				},
			}
		},
	}
}

// listing exports the list of patients before every read.
type listing struct {
	*files.Adapter
	t       *testing.T
	write   func() error
	stopped bool
	once    sync.Once
}

func (l *listing) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	write := func() {
		if err := l.write(); err != nil {
			l.t.Error(err)
		}
	}
	switch {
	case l.stopped:
	case strings.HasSuffix(l.t.Name(), "sixteen_reads_at_once_agree"):
		l.once.Do(write)
	default:
		write()
	}
	return l.Adapter.Read(ctx, span)
}
