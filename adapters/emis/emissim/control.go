package emissim

import (
	"bellman/adapters/surgery"
	"bellman/adapters/surgery/door"
	"bellman/gateway"
)

// control opens the door by which a person plays the practice's staff, with curl
// or from the demo's page. EMIS has nothing like it.
func (s *Sim) control() {
	door.Door{
		Diary: s.diary, Show: shown,
		Fields: map[string]door.Field{
			"mobile": door.Mobile, "died": door.Died(door.Date), "deducted": door.Deducted(door.Date),
		},
	}.Open(s.mux)
	door.Faults(s.mux, func() orders { return orders{Faults: s.Faults()} }, s.obey)
}

type shownVisit struct {
	door.Visit
	Minutes int    `json:"minutes"`
	Site    int    `json:"site"`
	Mode    string `json:"mode"`   // the slot type's name
	Status  string `json:"status"` // as in the patient's own list
}

func shown(v surgery.Visit) any {
	status := statusText(v.Status)
	if v.Status == gateway.StatusCancelled {
		status = "(cancelled)"
	}
	return shownVisit{door.Show(v), v.Minutes, v.Site, slotTypeOf(v).Display, status}
}

// orders are the faults, and an act beside them: with {"expire_tokens": true} every
// token given out so far is refused.
type orders struct {
	Faults
	ExpireTokens bool `json:"expire_tokens,omitempty"`
}

func (s *Sim) obey(o orders) {
	s.SetFaults(o.Faults)
	if o.ExpireTokens {
		s.ExpireTokens()
	}
}
