package tppsim

import "fmt"

// gone is the refusal of a request whose dialog was never answered.
const gone = "gone"

// let looks at who asks. A request without a device's id waits until a person has
// clicked. It gives the device's id, and why the request is refused.
func (s *Sim) let(q request) (device, refusal string) {
	if q.APIKey != s.options.APIKey {
		return "", "The API key is not known"
	}
	s.mu.Lock()
	approved, known := s.devices[q.DeviceID]
	deny := s.faults.Deny
	s.mu.Unlock()
	switch {
	case deny, known && !approved:
		return q.DeviceID, "This device is blocked"
	case known:
		return q.DeviceID, ""
	case q.DeviceID != "":
		return q.DeviceID, "This device is not known"
	}
	return s.dialog()
}

// dialog shows the question on the screen, and waits for the click.
func (s *Sim) dialog() (device, refusal string) {
	click := make(chan bool)
	s.mu.Lock()
	s.dialogs++
	s.asking = append(s.asking, click)
	id := fmt.Sprintf("%016x", 0x392752167bd7f600+s.dialogs)
	s.mu.Unlock()
	approve, ok := <-click
	if !ok {
		return "", gone
	}
	s.mu.Lock()
	s.devices[id] = approve
	s.mu.Unlock()
	if !approve {
		return id, "This device is blocked"
	}
	return id, ""
}

// Dialogs says how many questions to a person there were, and how many are open.
func (s *Sim) Dialogs() (all, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialogs, len(s.asking)
}

// Click answers every open dialog. It reports false when there is none.
func (s *Sim) Click(approve bool) bool {
	s.mu.Lock()
	open := s.asking
	s.asking = nil
	s.mu.Unlock()
	for _, click := range open {
		click <- approve
	}
	return len(open) > 0
}

// Block blocks every device in the Device Manager, or lets them all in again.
func (s *Sim) Block(block bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.devices {
		s.devices[id] = !block
	}
}
