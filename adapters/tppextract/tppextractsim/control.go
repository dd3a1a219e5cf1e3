package tppextractsim

import (
	"net/http"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
)

// control opens the door by which a person plays the practice's staff, and the
// night in which an extract is made. TPP has nothing like it.
func (s *Sim) control() {
	calledOff := map[string]func(slot int){"removed": s.diary.Remove}
	for _, form := range []CancelForm{AsStatus, AsDate, AsWalkedOut, AsNobody} {
		calledOff[string(form)] = func(slot int) { s.CallOff(slot, form) }
	}
	door.Door{
		Diary: s.diary, Show: shown, CalledOff: calledOff,
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "died": door.Died(door.Date), "deducted": door.Deducted(door.Date), "declined": door.Declined(door.Yes),
		},
	}.Open(s.mux)
	s.mux.HandleFunc("POST /sim/export", s.makeExtract)
	door.Faults(s.mux, s.Faults, s.SetFaults)
}

type shownVisit struct {
	door.Visit
	Minutes  int    `json:"minutes"`
	Site     string `json:"site"`
	RotaType string `json:"rota_type"`
	Status   string `json:"status"`
}

func shown(v surgery.Visit) any {
	return shownVisit{door.Show(v), v.Minutes, location(v.Site), rotaType(v.Mode), statusTerm(v.Status)}
}

// makeExtract delivers what changed; with kind=bulk everything; with kind=lost it
// is made and never arrives.
func (s *Sim) makeExtract(w http.ResponseWriter, r *http.Request) {
	form, ok := door.Form(w, r)
	if !ok {
		return
	}
	var name string
	var err error
	switch form.Get("kind") {
	case "":
		name, err = s.Export()
	case "bulk":
		name, err = s.Bulk()
	case "lost":
		s.Lose()
	default:
		door.Refuse(w, "kind is bulk, lost, or nothing")
		return
	}
	if err != nil {
		http.Error(w, "the extract could not be written into the folder", http.StatusInternalServerError)
		return
	}
	door.JSON(w, map[string]string{"directory": name})
}
