package filesim

import (
	"net/http"
	"net/url"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
)

// control opens the door by which a person plays the practice's staff. The exports
// are made anew after every order.
func (o *Office) control() {
	door.Door{
		Diary: o.diary, Show: shown, Missing: http.StatusBadRequest, Then: o.Export,
		Acts: map[string]door.Act{
			"remove": door.Do(o.diary.Remove),
			"status": o.onPaper(func(slot int, form url.Values) { o.paper.Words[slot] = form.Get("word") }),
			"hide":   o.onPaper(func(slot int, _ url.Values) { o.paper.Hidden[slot] = true }),
			"strike": o.onPaper(func(slot int, _ url.Values) { o.paper.Struck[slot] = true }),
		},
		Fields: map[string]door.Field{"mobile": door.Mobile},
	}.Open(o.mux)
	o.mux.HandleFunc("POST /sim/export", o.exportNow)
	o.mux.HandleFunc("POST /sim/faults", o.breakIt)
}

// onPaper is an act that changes how the exports show a visit.
func (o *Office) onPaper(mark func(slot int, form url.Values)) door.Act {
	return func(slot int, form url.Values) error {
		o.exporting.Lock()
		defer o.exporting.Unlock()
		mark(slot, form)
		return nil
	}
}

type shownVisit struct {
	door.Visit
	Status string `json:"status"`
}

func shown(v surgery.Visit) any { return shownVisit{door.Show(v), status(v.Status)} }

func (o *Office) exportNow(w http.ResponseWriter, _ *http.Request) {
	if o.Export() != nil {
		http.Error(w, "the export failed", http.StatusInternalServerError)
		return
	}
	door.Done(w, true)
}

// breakIt replaces the faults of the published calendar by a JSON object of them.
func (o *Office) breakIt(w http.ResponseWriter, r *http.Request) {
	var f Faults
	if door.Decode(w, r, &f, "faults: status, truncate, page, empty, slow_ms, cached") {
		o.SetFaults(f)
		door.Done(w, true)
	}
}
