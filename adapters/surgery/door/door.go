// Package door is how a person plays the staff of the invented practice, with curl
// or from the demo's page, whatever system shows its diary: visits are shown, called
// off and moved, people are edited, faults are set, all under /sim/. Only what is the
// same in every simulator is here; each hands in its vendor's own words. It asks for
// no credentials: a simulator stands on one's own machine.
package door

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/surgery"
)

// Door is the way to one simulator's diary. Only Diary and Show are needed.
type Door struct {
	Diary *surgery.Diary
	// Show makes the JSON of one visit: a struct that embeds Visit and has the
	// vendor's own words beside it.
	Show func(surgery.Visit) any
	// CalledOff are the further forms in which the vendor shows a cancellation, by
	// the word in form=.
	CalledOff map[string]func(slot int)
	// Acts are what staff can do to a visit besides cancelling and moving it, by the
	// last part of the address.
	Acts map[string]Act
	// Fields are what can be changed of a person, by the form's fields.
	Fields map[string]Field
	// Beside, if any, takes what the simulator remembers of a person beside the diary
	// out of a form that was carried out.
	Beside func(id int, form url.Values)
	// Then, if any, is what follows every change, such as an export.
	Then func() error
	// Missing is the status when there is no visit or person with an id: 404 unless
	// this says otherwise.
	Missing int
}

// Act does something to a visit that is there. Its error is told to the person.
type Act func(slot int, form url.Values) error

// Do is an act that needs no form and always succeeds.
func Do(act func(slot int)) Act {
	return func(slot int, _ url.Values) error { act(slot); return nil }
}

// Open adds the door's addresses to a mux: visits, and people where Fields says what
// can be changed of them.
func (d Door) Open(mux *http.ServeMux) {
	mux.HandleFunc("GET /sim/visits", d.visits)
	mux.HandleFunc("POST /sim/visits/{slot}/{act}", d.visit)
	if d.Fields != nil {
		mux.HandleFunc("POST /sim/people/{id}", d.person)
	}
}

// Visit is what every simulator shows of a visit.
type Visit struct {
	Slot   int       `json:"slot"`
	Person int       `json:"person"`
	Start  time.Time `json:"start"` // UTC
}

// Show gives what every simulator shows of a visit.
func Show(v surgery.Visit) Visit { return Visit{v.Slot, v.Person, v.Start.UTC()} }

func (d Door) visits(w http.ResponseWriter, _ *http.Request) {
	out := []any{}
	for _, v := range d.Diary.Visits() {
		out = append(out, d.Show(v))
	}
	JSON(w, out)
}

func (d Door) visit(w http.ResponseWriter, r *http.Request) {
	form, ok := Form(w, r)
	if !ok {
		return
	}
	slot, err := strconv.Atoi(r.PathValue("slot"))
	if _, there := d.Diary.Visit(slot); err != nil || !there {
		d.missing(w)
		return
	}
	acts := map[string]Act{"cancel": d.cancel, "move": d.move}
	maps.Copy(acts, d.Acts)
	act, ok := acts[r.PathValue("act")]
	if !ok {
		http.Error(w, "what can be done to a visit: "+words(acts), http.StatusNotFound)
		return
	}
	if err := act(slot, form); err != nil {
		Refuse(w, err.Error())
		return
	}
	d.changed(w)
}

// cancel calls a visit off: with form=, in one of the vendor's further forms.
func (d Door) cancel(slot int, form url.Values) error {
	how := form.Get("form")
	if how == "" || d.CalledOff == nil {
		d.Diary.Cancel(slot)
		return nil
	}
	callOff, ok := d.CalledOff[how]
	if !ok {
		return fmt.Errorf("form is one of %s, or nothing", words(d.CalledOff))
	}
	callOff(slot)
	return nil
}

func (d Door) move(slot int, form url.Values) error {
	start, err := time.Parse(time.RFC3339, form.Get("start"))
	if err != nil {
		return errors.New("start is not a time such as 2027-03-29T09:10:00Z")
	}
	d.Diary.Move(slot, start.UTC())
	return nil
}

// changed answers a change that was carried out.
func (d Door) changed(w http.ResponseWriter) {
	if d.Then != nil && d.Then() != nil {
		http.Error(w, "it is changed in the diary, and could not be exported", http.StatusInternalServerError)
		return
	}
	Done(w, true)
}

func (d Door) missing(w http.ResponseWriter) {
	http.Error(w, nothing, cmp.Or(d.Missing, http.StatusNotFound))
}

func words[T any](table map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(table)), ", ")
}
