package tppsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// carryOut gives the content of the answer to one request.
func (s *Sim) carryOut(q request) string {
	f := s.Faults()
	switch {
	case f.Error:
		return failure("The server is not responding", false)
	case f.Refuse && q.Function != "GetFunctions" && q.Function != "GetOrganisationMetaData":
		return failure("The request cannot be carried out", true)
	}
	switch q.Function {
	case "GetFunctions":
		var b strings.Builder
		for _, name := range []string{"GetFunctions", "GetOrganisationMetaData", "GetDiary", "GetPatientRecord", "UpdatePatientRecord"} {
			fmt.Fprintf(&b, "<SupportedFunction><Function>%s</Function><Version>1.0</Version></SupportedFunction>", name)
		}
		return b.String()
	case "GetOrganisationMetaData":
		return s.organisation(f)
	case "GetDiary":
		return s.getDiary(q.Parameters, f)
	case "GetPatientRecord":
		return s.patientRecord(q.Parameters, f)
	case "UpdatePatientRecord":
		return s.update(q.Parameters, f)
	}
	return failure("The function is not known", true)
}

// siteName is what a site is called in the diary.
func siteName(id int) string {
	if id == 5 {
		return "Riverside Surgery"
	}
	return fmt.Sprintf("Branch %d", id)
}

func (s *Sim) organisation(f Faults) string {
	id := s.options.Organisation
	if f.OtherSite {
		id = "Z99999"
	}
	return fmt.Sprintf("<Site><Name>%s</Name><ID>%s</ID><Telephone>01632 960001</Telephone><PrimarySite></PrimarySite><CurrentSite></CurrentSite></Site>"+
		"<User><Surname>Bell</Surname><UserName>jbell</UserName><CurrentUser></CurrentUser></User>"+
		"<SlotType>Slot</SlotType><SlotType>Telephone Appointment Slot</SlotType><ClinicType>Session</ClinicType>", siteName(5), text(id))
}

const wallFormat = "2006-01-02T15:04:05"

// getDiary gives the visits that begin within the stretch, by patient. Visits at
// home are elsewhere in SystmOne; here they are slots like others.
func (s *Sim) getDiary(p parameters, f Faults) string {
	s.mu.Lock()
	s.days++
	broken := f.ErrorAfter > 0 && s.days > f.ErrorAfter
	s.mu.Unlock()
	if broken {
		return failure("The server is not responding", false)
	}
	from, okFrom := wallOf(p.MinDateTime)
	to, okTo := wallOf(p.MaxDateTime)
	if !okFrom || !okTo {
		return failure("MinDateTime and MaxDateTime are not times", true)
	}
	all := s.diary.Visits()
	byPerson := map[int][]string{}
	var order []int
	for i, v := range all {
		wall := v.Start.In(gateway.London()).Format(wallFormat)
		if wall < from || wall > to || v.Status == gateway.StatusNotBooked {
			continue
		}
		one, ok := s.appointment(v, wall, i == 0, f)
		if !ok {
			continue
		}
		if byPerson[v.Person] == nil {
			order = append(order, v.Person)
		}
		byPerson[v.Person] = append(byPerson[v.Person], one)
	}
	slices.SortFunc(order, cmp.Compare[int])
	var b strings.Builder
	for i, id := range order {
		person, _ := s.diary.Person(id)
		fmt.Fprintf(&b, "<Result>%s<Demographics><Title>%s</Title><FirstName>%s</FirstName><MiddleNames></MiddleNames><Surname>%s</Surname>"+
			"<DateOfBirth>%s</DateOfBirth><Sex>U</Sex></Demographics>%s</Result>",
			s.identity(person, f.NoIdentifier && i == 0), text(person.Title), text(person.Given), text(person.Family),
			person.BornAs(time.DateOnly), strings.Join(byPerson[id], ""))
	}
	return b.String()
}

// wallOf reads a time of a query as it stands; such times compare as words.
func wallOf(s string) (string, bool) {
	_, err := time.Parse(wallFormat, s)
	return s, err == nil
}

// identity names a person.
func (s *Sim) identity(p surgery.Person, bare bool) string {
	s.mu.Lock()
	pseudo := s.pseudo[p.ID] || p.NHSNumber == ""
	s.mu.Unlock()
	number := "<NHSNumber>" + text(p.NHSNumber) + "</NHSNumber>"
	if pseudo {
		number = "<PseudoNumber>" + pseudoNumber(p.ID) + "</PseudoNumber>"
	}
	if bare {
		return "<Identity>" + number + "</Identity>"
	}
	return fmt.Sprintf("<Identity>%s<StrategicReportingIdentifier>%d</StrategicReportingIdentifier></Identity>", number, p.ID)
}

func pseudoNumber(person int) string { return fmt.Sprintf("P%06d", person) }

// uidOf gives a visit's AppointmentUID. It is the slot's, whoever has booked it: the
// harder case for who reads it.
func uidOf(slot int) string { return fmt.Sprintf("65103%011d", slot) }

// appointment writes a visit, unless the diary leaves it out.
func (s *Sim) appointment(v surgery.Visit, wall string, first bool, f Faults) (string, bool) {
	s.mu.Lock()
	words, other := s.statuses[v.Slot]
	s.mu.Unlock()
	if !other {
		words = statusWords[v.Status]
	}
	switch {
	case f.NoStatus && (v.Status != gateway.StatusBooked || other):
		return "", false
	case v.Status == gateway.StatusCancelled && !other && !f.ShowsGone:
		return "", false
	}
	if f.Zone {
		wall += ".0Z"
	}
	if first && f.FirstStart != "" {
		wall = f.FirstStart
	}
	var b strings.Builder
	b.WriteString("<Appointment>")
	if !f.NoUID {
		b.WriteString("<AppointmentUID>" + uidOf(v.Slot) + "</AppointmentUID>")
	}
	if !f.NoStatus {
		b.WriteString("<Status>" + text(words) + "</Status>")
	}
	fmt.Fprintf(&b, "<Clinic><UserName>jbell</UserName><SiteName>%s</SiteName><ClinicType>Session</ClinicType>"+
		"<Slot><SlotType>%s</SlotType><DateTimeStart>%s</DateTimeStart><Duration>%d</Duration></Slot></Clinic></Appointment>",
		text(siteName(v.Site)), text(slotType(v)), text(wall), v.Minutes)
	return b.String(), true
}

// statusWords are TPP's words for what stands in the diary.
var statusWords = map[gateway.Status]string{
	gateway.StatusBooked:    "Booked",
	gateway.StatusCancelled: "Cancelled by Unit",
	gateway.StatusArrived:   "Arrived",
	gateway.StatusFinished:  "Finished",
	gateway.StatusMissed:    "Did Not Attend",
}

// slotType names the type of a slot: by the clinic, or else by how they meet.
func slotType(v surgery.Visit) string { return cmp.Or(v.Clinic, slotTypes[v.Mode]) }

// slotTypes are names that a practice might give to its slot types.
var slotTypes = map[gateway.Mode]string{
	gateway.ModeUnknown:   "Slot",
	gateway.ModeInPerson:  "Face to Face",
	gateway.ModeTelephone: "Telephone Appointment Slot",
	gateway.ModeVideo:     "Video Consultation",
	gateway.ModeHomeVisit: "Home Visit",
}
