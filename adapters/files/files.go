// Package files reads a practice's diary from files that somebody, or some program,
// drops into a folder: exports of systems that have no other way out, and
// spreadsheets kept by hand, as CSV or in Excel's own format. There is no common
// layout, so the configuration says under which heading each field stands and how
// dates are written. The newest file is the diary; older ones are not looked at.
//
// It also reads calendars, from files or from the address under which a system
// publishes them. A calendar holds no telephone numbers: its events are joined to a
// list of patients by the name or code that both have.
//
// Errors and notes never repeat what stands in a file, nor its name, which may be a
// patient's; headings are shown once they have proved to be the headings.
package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"bellman/gateway"
)

// Adapter reads the newest file of one folder. It implements gateway.Source. It
// is no gateway.Rereader: a file says nothing new in the moment of sending that
// the next reading of the folder does not say.
type Adapter struct {
	config  Config
	env     gateway.Surroundings
	dates   dateReader
	words   words
	visits  grid
	fetcher *fetcher
}

// New makes the adapter of one practice. It fails when the section has faults;
// it does not look at the folder.
func New(c Config, env gateway.Surroundings) (*Adapter, error) {
	var problems []error
	for _, f := range c.Check(env.Trial) {
		problems = append(problems, f)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	a := &Adapter{config: c, env: env, dates: newDateReader(c.DateFormat, c.Zone), words: newWords(c)}
	a.visits = grid{columns: c.Columns.mapped(), config: c, dates: a.dates, take: a.takeVisit}
	if c.Calendar != nil && !c.Calendar.URL.IsZero() {
		a.fetcher = newFetcher(env)
	}
	return a, nil
}

// tooNew is how long a file must have been left alone before it is read, unless
// its companion vouches for it: copying over a network pauses for moments.
const tooNew = 2 * time.Second

// clockSlack is how far a file server's clock may run before ours.
const clockSlack = time.Minute

// errFuture says that two clocks differ.
var errFuture = errors.New("the newest file was changed in the future: compare the clocks of this machine and of the one that holds the folder")

// errGrowing says that the file is not finished.
var errGrowing = errors.New("the newest file is still being written")

// Read gives the visits of the newest file that start within the span. The feed
// is as of the file's last change, so that an old file holds by itself.
func (a *Adapter) Read(ctx context.Context, span gateway.Span) (gateway.Feed, error) {
	if err := ctx.Err(); err != nil {
		return gateway.Feed{}, fmt.Errorf("read folder: %w", err)
	}
	if a.config.Calendar != nil {
		return a.readCalendar(ctx, span)
	}
	found, err := a.listed()
	if err != nil {
		return gateway.Feed{}, err
	}
	newest, older := found[0], found[1:]
	feed, err := a.readPath(ctx, newest.path, span)
	if err != nil {
		return gateway.Feed{}, a.giveUp(newest, err, older, func(path string) error {
			_, err := a.readPath(ctx, path, span)
			return err
		})
	}
	feed.Notes = withoutEmpty(append(feed.Notes, append(a.archive(newest, older), exposed(a.config.Dir))...))
	return feed, nil
}

func (a *Adapter) readPath(ctx context.Context, path string, span gateway.Span) (gateway.Feed, error) {
	f, err := os.Open(path)
	if err != nil {
		return gateway.Feed{}, broken("open the newest file", err)
	}
	defer func() { _ = f.Close() }()
	return a.readFile(ctx, f, path, span)
}

// readFile reads from one handle only, so that a file that is replaced meanwhile
// cannot be read half old and half new.
func (a *Adapter) readFile(ctx context.Context, f *os.File, path string, span gateway.Span) (gateway.Feed, error) {
	before, err := f.Stat()
	if err != nil {
		return gateway.Feed{}, broken("look at the newest file", err)
	}
	mark, err := a.settled(path, before.ModTime())
	if err != nil {
		return gateway.Feed{}, err
	}
	table, err := a.visits.read(ctx, f, before.Size())
	if err != nil {
		return gateway.Feed{}, fmt.Errorf("newest file: %w", err)
	}
	if err := unchanged(f, before, path); err != nil {
		return gateway.Feed{}, err
	}
	if mark.found && mark.rows != table.rows {
		return gateway.Feed{}, fmt.Errorf("the newest file holds %d rows and its companion says %d", table.rows, mark.rows)
	}
	return a.feed(table, mark, before.ModTime(), span), nil
}

// settled reads the companion of a file that was last changed at a moment, and fails
// when the file may not be finished.
func (a *Adapter) settled(path string, changed time.Time) (companion, error) {
	now := a.env.Clock.Now()
	if changed.After(now.Add(clockSlack)) {
		return companion{}, errFuture
	}
	mark, err := companionOf(path, changed)
	if err == nil && !mark.found && now.Sub(changed) < tooNew {
		err = errGrowing
	}
	return mark, err
}

// feed makes the feed of what one file holds.
func (a *Adapter) feed(t *table, mark companion, changed time.Time, span gateway.Span) gateway.Feed {
	visits := t.settle()
	feed := gateway.Feed{AsOf: changed.UTC(), Unreadable: t.unreadable, Notes: append(a.visits.preview(t), t.notes...)}
	if now := a.env.Clock.Now(); feed.AsOf.After(now) {
		feed.AsOf = now.UTC()
	}
	for _, v := range visits {
		if span.Has(v.Start) {
			feed.Appointments = append(feed.Appointments, v)
		}
	}
	feed.Covers, feed.Complete = a.covers(t, mark, feed.AsOf, span)
	feed.Notes = append(feed.Notes, mark.note, t.doubts())
	feed.Notes = append(feed.Notes, fmt.Sprintf("%d rows in a file last changed at %s, of which %d visits in the days asked for",
		t.rows, changed.UTC().Format(time.RFC3339), len(feed.Appointments)))
	feed.Notes = withoutEmpty(feed.Notes)
	return feed
}

// covers says for which stretch the file speaks completely, if it does.
//
// A file without rows never does: it is more often an export that went wrong
// than an empty diary. Nor does one in which a row may have swallowed others.
// Without a companion that counts the rows, a file that does not end with a line
// end may be the first half of another.
func (a *Adapter) covers(t *table, mark companion, asOf time.Time, span gateway.Span) (gateway.Span, bool) {
	said := mark.days
	if !mark.found && a.config.Complete {
		said = gateway.Span{From: asOf, To: asOf.In(gateway.London()).AddDate(0, 0, a.config.Window)}
	}
	both := gateway.Span{From: gateway.Later(said.From, span.From).UTC(), To: earlier(said.To, span.To).UTC()}
	switch {
	case !mark.found && !a.config.Complete, !both.From.Before(both.To):
		return gateway.Span{}, false
	case t.rows == 0, t.unsure, !mark.found && !t.ended:
		return both, false
	}
	return both, true
}

// doubts says in a sentence what keeps a file from being complete, if anything
// does that its keeper can mend.
func (t *table) doubts() string {
	switch {
	case t.rows == 0:
		return "no rows: not taken for an empty diary"
	case t.unsure:
		return "not complete: rows could not be told apart, see the unreadable ones"
	case !t.ended:
		return "the last line has no line end: the file may be cut, see open_end"
	}
	return ""
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func withoutEmpty(notes []string) []string {
	var out []string
	for _, n := range notes {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}
