package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"bellman/adapters/files/calendar"
	"bellman/gateway"
)

// mostCancels bounds how many files that only call off are laid over a diary.
const mostCancels = 200

// calendarInFolder reads the newest file that is a diary. Newer ones that only call
// events off, as calendar programs send them one by one, are laid over it.
func (a *Adapter) calendarInFolder(ctx context.Context, span gateway.Span) (drawn, error) {
	found, err := a.listed()
	if err != nil {
		return drawn{}, err
	}
	var cancels []calendar.Cancel
	for i, f := range found {
		if i > mostCancels {
			return drawn{}, fmt.Errorf("the newest %d files only call events off: drop a whole calendar", mostCancels)
		}
		d, err := a.calendarFile(ctx, f.path, span)
		if err != nil {
			return drawn{}, a.giveUp(f, err, found[i+1:], func(path string) error {
				older, err := a.calendarFile(ctx, path, span)
				if err == nil && older.OnlyCancels {
					err = errNoDiary
				}
				return err
			})
		}
		if !d.OnlyCancels {
			d.callOff(cancels)
			d.notes = append(d.notes, append(a.archive(f, found[i+1:]), exposed(a.config.Dir))...)
			return d, nil
		}
		cancels = append(cancels, d.Cancels...)
	}
	return drawn{}, errNoDiary
}

// errNoDiary says that a folder holds nothing to lay its cancellations over.
var errNoDiary = errors.New("the folder holds files that call events off, and no diary beneath them")

// callOff lays cancellations over a diary. What calls off a whole series calls off
// each of its visits.
func (d *drawn) callOff(cancels []calendar.Cancel) {
	off := map[calendar.Cancel]bool{}
	for _, c := range cancels {
		off[c] = true
	}
	for i := range d.Events {
		if e := &d.Events[i]; e.CalledOff(off) {
			e.Status = gateway.StatusCancelled
		}
	}
	if len(cancels) > 0 {
		d.notes = append(d.notes, fmt.Sprintf("%d cancellations newer than the calendar are laid over it", len(cancels)))
	}
}

// calendarFile reads one file, from one handle only.
func (a *Adapter) calendarFile(ctx context.Context, path string, span gateway.Span) (drawn, error) {
	f, err := os.Open(path)
	if err != nil {
		return drawn{}, broken("open the newest file", err)
	}
	defer func() { _ = f.Close() }()
	before, err := f.Stat()
	if err != nil {
		return drawn{}, broken("look at the newest file", err)
	}
	mark, err := a.settled(path, before.ModTime())
	if err != nil {
		return drawn{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, calendar.MostBytes+1))
	if err != nil {
		return drawn{}, broken("read the newest file", err)
	}
	if err := unchanged(f, before, path); err != nil {
		return drawn{}, err
	}
	c, err := calendar.Read(ctx, text, span, a.zone())
	if err != nil {
		return drawn{}, fmt.Errorf("newest file: %w", err)
	}
	if mark.found && mark.rows != c.Count {
		return drawn{}, fmt.Errorf("the newest file holds %d events and its companion says %d", c.Count, mark.rows)
	}
	if !c.Whole {
		return drawn{}, errBreaksOff
	}
	return drawn{Calendar: c, mark: mark, asOf: before.ModTime()}, nil
}

// zone is that of times which name none.
func (a *Adapter) zone() *time.Location {
	if a.config.Zone == "UTC" {
		return time.UTC
	}
	return gateway.London()
}
