package emisextractsim

import (
	"net/http"

	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
	"bellman/gateway"
)

// Handler gives the door by which a person plays the practice's staff, and the
// night in which an extract is made. EMIS has nothing like it.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	door.Door{
		Diary: s.diary, Show: shown,
		CalledOff: map[string]func(slot int){
			string(Named): func(slot int) { s.CallOff(slot, Named) },
			string(Blank): func(slot int) { s.CallOff(slot, Blank) },
		},
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "died": door.Died(door.Date), "deducted": door.Deducted(door.Date), "declined": door.Declined(door.Yes),
		},
	}.Open(mux)
	mux.HandleFunc("POST /sim/export", s.exportNow)
	door.Faults(mux, s.Faults, s.SetFaults)
	return mux
}

type shownVisit struct {
	door.Visit
	SlotGUID string `json:"slot_guid"`
	Site     int    `json:"site"`
	Category string `json:"category"` // of the session
	Booked   bool   `json:"booked"`
}

func shown(v surgery.Visit) any {
	return shownVisit{door.Show(v), SlotGUID(v.Slot), v.Site, category(v.Mode), v.Status == gateway.StatusBooked}
}

// exportNow makes it night.
func (s *Sim) exportNow(w http.ResponseWriter, _ *http.Request) {
	if s.Night() != nil {
		http.Error(w, "the files could not be written into the folder", http.StatusInternalServerError)
		return
	}
	door.Done(w, true)
}
