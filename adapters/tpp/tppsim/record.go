package tppsim

import (
	"fmt"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// find gives the person whom a request names, and with no name, or with a fault,
// the one whose record is open on the screen: the first.
func (s *Sim) find(i *identity, f Faults) (surgery.Person, bool) {
	people := s.diary.People()
	if f.OpenRecord || i == nil || *i == (identity{}) {
		if len(people) == 0 {
			return surgery.Person{}, false
		}
		return people[0], true
	}
	for _, p := range people {
		s.mu.Lock()
		pseudo := s.pseudo[p.ID] || p.NHSNumber == ""
		s.mu.Unlock()
		switch {
		case pseudo && !f.RefusePseudo && i.Pseudo == pseudoNumber(p.ID):
			return p, true
		case !pseudo && (i.Templates == p.NHSNumber || i.Schemas == p.NHSNumber):
			return p, true
		}
	}
	return surgery.Person{}, false
}

// patientRecord gives a person's demographics.
func (s *Sim) patientRecord(q parameters, f Faults) string {
	p, ok := s.find(q.Identity, f)
	if !ok {
		return failure("The patient was not found", true)
	}
	return s.identity(p, false) + s.demographics(p, f) + "<RecordState>Closed</RecordState>"
}

// demographics writes a person's details. Telephone elements are there, empty, when
// nothing is known.
func (s *Sim) demographics(p surgery.Person, f Faults) string {
	s.mu.Lock()
	consent, set := s.consents[p.ID]
	s.mu.Unlock()
	switch {
	case set:
	case p.Declined:
		consent = "No"
	default:
		consent = "Yes"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<Demographics><Title>%s</Title><FirstName>%s</FirstName><MiddleNames></MiddleNames><Surname>%s</Surname><KnownAs></KnownAs><DateOfBirth>%s</DateOfBirth>",
		text(p.Title), text(p.Given), text(p.Family), p.BornAs(time.DateOnly))
	switch {
	case !p.Died.IsZero() && f.DeathWords != "":
		b.WriteString("<DateOfDeath>" + text(f.DeathWords) + "</DateOfDeath>")
	case !p.Died.IsZero():
		b.WriteString("<DateOfDeath>" + p.Died.In(gateway.London()).Format("2006-01-02") + "</DateOfDeath>")
	}
	b.WriteString("<Sex>U</Sex>" + mainLanguage(p.Language))
	fmt.Fprintf(&b, "<Address><Town>Riverside</Town></Address><HomeTelephone>%s</HomeTelephone><WorkTelephone></WorkTelephone><MobileTelephone>%s</MobileTelephone>"+
		"<AlternateTelephone></AlternateTelephone><EmailAddress></EmailAddress>", text(p.Home), text(p.Mobile))
	if !f.NoConsent {
		b.WriteString("<SMSConsent>" + text(consent) + "</SMSConsent>")
	}
	b.WriteString("<UsualGPUserName>jbell</UsualGPUserName>")
	if !p.Deducted.IsZero() {
		b.WriteString("<CareEndDate>" + p.Deducted.In(gateway.London()).Format("2006-01-02") + "</CareEndDate>")
	}
	b.WriteString("<RegistrationType>GMS</RegistrationType></Demographics>")
	return b.String()
}

// mainLanguage writes the language that a patient speaks. The code is invented but for
// that of English.
func mainLanguage(code string) string {
	term, ctv3 := "Main spoken language English", "XaG5t"
	if name, ok := languageNames[code]; ok {
		term, ctv3 = "Main spoken language "+name, "XaZ01"
	}
	return `<MainLanguage Code="` + ctv3 + `" Scheme="CTV3" Term="` + term + `"></MainLanguage><EnglishSpeaker>Unknown</EnglishSpeaker>`
}

// languageNames are those that an invented patient may speak besides English.
var languageNames = map[string]string{"pl": "Polish", "cy": "Welsh"}

// update changes a record: the consent to texts, or one appointment's status.
func (s *Sim) update(q parameters, f Faults) string {
	if f.RecordOpen {
		return failure("The record is open on this client", false)
	}
	p, ok := s.find(q.Identity, f)
	if !ok {
		return failure("The patient was not found", true)
	}
	if !f.LosesChange && !f.SavesLater {
		if problem := s.apply(p, q); problem != "" {
			return failure(problem, true)
		}
	}
	state := "Closed"
	if f.SavesLater {
		state = "Open"
	}
	return s.identity(p, false) + "<RecordState>" + state + "</RecordState>"
}

func (s *Sim) apply(p surgery.Person, q parameters) (problem string) {
	if q.Demographics != nil {
		switch q.Demographics.SMSConsent {
		case "Yes", "No":
			s.mu.Lock()
			delete(s.consents, p.ID)
			s.mu.Unlock()
			s.diary.Edit(p.ID, func(edited *surgery.Person) { edited.Declined = q.Demographics.SMSConsent == "No" })
		default:
			return "SMSConsent is neither Yes nor No"
		}
	}
	if q.NonClinical == nil {
		return ""
	}
	for _, v := range s.diary.Visits() {
		if uidOf(v.Slot) == q.NonClinical.Appointment.AppointmentUID && v.Person == p.ID {
			return s.setStatus(v.Slot, q.NonClinical.Appointment.Status)
		}
	}
	return "The appointment was not found"
}

// setStatus gives a visit one of TPP's statuses.
func (s *Sim) setStatus(slot int, words string) (problem string) {
	if strings.HasPrefix(words, "Cancelled by ") {
		s.diary.Cancel(slot)
		return ""
	}
	for status, known := range statusWords {
		if known == words {
			s.diary.Change(slot, func(v *surgery.Visit) { v.Status = status })
			return ""
		}
	}
	return "The status is not known"
}
