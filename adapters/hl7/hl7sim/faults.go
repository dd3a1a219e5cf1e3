package hl7sim

// Unannounced is a Charset: Windows-1252 without a word of it in MSH-18.
const Unannounced = "unannounced"

// Faults is how the hospital and the way from it misbehave. The zero value is good
// behaviour. What changes how messages are written counts for those that are written
// from then on.
type Faults struct {
	Silent         bool   `json:"silent"`          // nothing is told any more
	Twice          bool   `json:"twice"`           // every message is sent twice
	Backwards      bool   `json:"backwards"`       // what waits is sent in reverse order
	Junk           bool   `json:"junk"`            // bytes stand between the frames, and the last one of a frame is missing
	Garbage        bool   `json:"garbage"`         // a frame that holds a page of HTML goes before every message
	Halves         bool   `json:"halves"`          // every message breaks off once, and is sent anew on another connection
	Restarts       bool   `json:"restarts"`        // likewise, on the same connection
	DropsAnswer    int    `json:"drops_answer"`    // so many messages are followed by a hang-up instead of waiting for the answer
	SlowMS         int    `json:"slow_ms"`         // every message takes so many milliseconds, in pieces
	Delimiters     string `json:"delimiters"`      // MSH-1 and MSH-2, such as "#*%!@"
	LineEnd        string `json:"line_end"`        // of segments: "\n" or "\r\n"
	Charset        string `json:"charset"`         // MSH-18: "UNICODE UTF-8", "8859/1", or "unannounced"
	FirstStart     string `json:"first_start"`     // stands for the start of the visit that is told first
	NoStatus       bool   `json:"no_status"`       // SCH-25 is never sent; an S14 has its reason in SCH-6
	Minutes        bool   `json:"minutes"`         // MSH-7 tells no seconds
	Offsets        bool   `json:"offsets"`         // times are written with their offset
	OnlyID         bool   `json:"only_id"`         // a cancelling holds the appointment's id and nothing else
	PatientFirst   bool   `json:"patient_first"`   // PID stands before SCH
	AcceptAck      string `json:"accept_ack"`      // MSH-15: AL, NE, ER or SU
	ApplicationAck string `json:"application_ack"` // MSH-16
}

// SetFaults replaces the faults.
func (s *Sim) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Faults gives the faults that are set.
func (s *Sim) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}
