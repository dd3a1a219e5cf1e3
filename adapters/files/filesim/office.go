package filesim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
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
	o.mux.HandleFunc("GET /sim/visits", o.show)
	o.mux.HandleFunc("POST /sim/export", o.act(func(*http.Request, int) bool { return true }))
	o.mux.HandleFunc("POST /sim/visits/{slot}/cancel", o.act(func(_ *http.Request, slot int) bool { return d.Cancel(slot) }))
	o.mux.HandleFunc("POST /sim/visits/{slot}/remove", o.act(func(_ *http.Request, slot int) bool { d.Remove(slot); return true }))
	o.mux.HandleFunc("POST /sim/visits/{slot}/move", o.act(func(r *http.Request, slot int) bool {
		start, err := time.Parse(time.RFC3339, r.PostFormValue("start"))
		return err == nil && d.Move(slot, start.UTC())
	}))
	o.mux.HandleFunc("POST /sim/visits/{slot}/status", o.act(func(r *http.Request, slot int) bool {
		o.paper.Words[slot] = r.PostFormValue("word")
		return true
	}))
	o.mux.HandleFunc("POST /sim/visits/{slot}/hide", o.act(func(_ *http.Request, slot int) bool { o.paper.Hidden[slot] = true; return true }))
	o.mux.HandleFunc("POST /sim/visits/{slot}/strike", o.act(func(_ *http.Request, slot int) bool { o.paper.Struck[slot] = true; return true }))
	o.mux.HandleFunc("POST /sim/people/{slot}", o.act(func(r *http.Request, id int) bool {
		return d.Edit(id, func(p *surgery.Person) { p.Mobile = r.PostFormValue("mobile") })
	}))
	o.mux.HandleFunc("POST /sim/faults", o.breakIt)
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

// act carries out an order and exports anew.
func (o *Office) act(do func(r *http.Request, id int) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
		id, _ := strconv.Atoi(r.PathValue("slot"))
		o.exporting.Lock()
		defer o.exporting.Unlock()
		if !do(r, id) {
			http.Error(w, "there is nothing with this id, or the form cannot be read", http.StatusBadRequest)
			return
		}
		if err := o.export(); err != nil {
			http.Error(w, "the export failed", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// breakIt replaces the faults of the published calendar by a JSON object of them.
func (o *Office) breakIt(w http.ResponseWriter, r *http.Request) {
	var f Faults
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if d.Decode(&f) != nil {
		http.Error(w, "this is not a JSON object of faults: status, truncate, page, empty, slow_ms, cached", http.StatusBadRequest)
		return
	}
	o.SetFaults(f)
	w.WriteHeader(http.StatusNoContent)
}

func (o *Office) show(w http.ResponseWriter, _ *http.Request) {
	type shown struct {
		Slot   int       `json:"slot"`
		Person int       `json:"person"`
		Start  time.Time `json:"start"`
		Status string    `json:"status"`
	}
	out := []shown{}
	for _, v := range o.diary.Visits() {
		out = append(out, shown{v.Slot, v.Person, v.Start.UTC(), status(v.Status)})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}
