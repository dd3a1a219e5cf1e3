package filesim

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// The folders that an Office keeps, one for each way in which a practice may export.
const (
	TextFolder     = "csv"
	SheetFolder    = "xlsx"
	CalendarFolder = "calendar"
)

// Office is the front desk of an invented practice: it exports the diary into its
// folders, anew after every change, and publishes it as a calendar. Under /sim/ a
// person plays the practice's staff, with curl. It is safe for concurrent use.
type Office struct {
	*Published
	mux *http.ServeMux
	dir string

	exporting sync.Mutex
	paper     Paper
	last      time.Time
}

// fresh is how old an export may be before a look at the office renews it.
const fresh = time.Minute

// NewOffice makes the folders within dir and exports the diary for the first time.
func NewOffice(dir string, d *surgery.Diary, clock gateway.Clock) (*Office, error) {
	o := &Office{Published: NewPublished(d, clock, Book{}), mux: http.NewServeMux(), dir: dir}
	o.paper = Paper{Words: map[int]string{}, Hidden: map[int]bool{}, Struck: map[int]bool{}}
	for _, folder := range []string{TextFolder, SheetFolder, CalendarFolder} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, fmt.Errorf("make the folders: %w", err)
		}
	}
	o.mux.Handle("GET "+PublishedPath, o.Published)
	o.control()
	return o, o.Export()
}

// ServeHTTP answers the calendar's subscribers and whoever plays the staff.
func (o *Office) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.mux.ServeHTTP(w, r) }

// Export drops the diary into all folders, as made a few seconds ago: a file that
// was written this moment counts as unfinished.
func (o *Office) Export() error {
	o.exporting.Lock()
	defer o.exporting.Unlock()
	return o.export()
}

func (o *Office) export() error {
	o.last = o.clock.Now()
	made := o.last.Add(-5 * time.Second)
	if err := WriteWith(filepath.Join(o.dir, TextFolder), o.diary, made, o.paper); err != nil {
		return err
	}
	if err := WriteSheet(filepath.Join(o.dir, SheetFolder), o.diary, made, o.paper); err != nil {
		return err
	}
	return WriteCalendar(filepath.Join(o.dir, CalendarFolder), o.diary, made, o.shownBook())
}

func (p *Published) shownBook() Book {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book
}

// Keep renews the exports once they are a minute old, as a practice's timetable
// does. It is called from time to time.
func (o *Office) Keep() error {
	o.exporting.Lock()
	defer o.exporting.Unlock()
	if o.clock.Now().Sub(o.last) < fresh {
		return nil
	}
	return o.export()
}
