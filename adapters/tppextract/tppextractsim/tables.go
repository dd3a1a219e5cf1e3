package tppextractsim

import (
	"fmt"
	"strconv"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

// The columns of each table, in the order of version 93.
const (
	mappingColumns      = "RowIdentifier IdMappingGroup Mapping"
	organisationColumns = "RowIdentifier Name ID HouseName HouseNumber NameOfRoad NameOfLocality NameOfTown NameOfCounty FullPostCode " +
		"Telephone SecondaryTelephone Fax MadeObsolete IDTrust IDCcg RemovedData"
	patientColumns = "RowIdentifier IDOrganisationVisibleTo Title FirstName MiddleNames Surname PreviousSurname NHSNumber DateBirth " +
		"DateDeath BirthPlace Gender SpeaksEnglish EmailAddress TestPatient SSRef SpineMatched RemovedData"
	contactColumns = "RowIdentifier IDOrganisationVisibleTo DateEventRecorded DateEvent IDProfileEnteredBy IDDoneBy TextualEventDoneBy " +
		"IDOrganisationDoneAt ContactType ContactNumber IDEvent IDPatient IDOrganisation IDOrganisationRegisteredAt RemovedData"
	consentColumns = "RowIdentifier IDOrganisationVisibleTo DateEventRecorded DateEvent IDProfileEnteredBy IDDoneBy TextualEventDoneBy " +
		"IDOrganisationDoneAt SmsConsent IDEvent IDPatient IDOrganisation RemovedData"
	registrationColumns = "RowIdentifier IDOrganisationVisibleTo DateEventRecorded IDProfileEnteredBy DateRegistration DateDeRegistration " +
		"RegistrationStatus PreferredPharmacy IDPatient IDOrganisation IDOrganisationRegisteredAt RemovedData"
	appointmentColumns = "RowIdentifier IDOrganisationVisibleTo DateStart DateEnd AppointmentStatus DateAppointmentBooked " +
		"DatePatientArrival DatePatientSeen FollowUpAppointment TelephoneAppointment IDClinician IDProfileClinician RotaName RotaType " +
		"RotaLocation RotaCode IDRotaOwner IDProfileRotaOwner AllowsOverbooking BookingContactNumber DateAppointmentCancelled IDRota " +
		"IDReferralIn IDPatient IDOrganisation IDOrganisationRegisteredAt RemovedData"
	attendeesColumns = "RowIdentifier IDOrganisationVisibleTo IDAppointment IDStaffMember RemovedData"
)

// mappedTerms are the terms of SRMapping that this practice's rows use.
var mappedTerms = []string{
	"Booked", "Arrived", "Waiting", "In Progress", "Finished", "Did Not Attend", "Cancelled by Patient", "Cancelled by Unit",
	"Patient Walked Out", "Blocked", "Home", "Work", "Mobile", "Emergency Contact",
}

// neighbour is the other practice in the same extract.
const neighbour = "Z99999"

func (s *Sim) id(term string) string { return strconv.Itoa(s.mapped[term]) }

// tables gives everything as it stands now.
func (s *Sim) tables() []table {
	mapping := newTable("SRMapping", mappingColumns)
	mapping.reference = true
	for _, term := range mappedTerms {
		mapping.add(s.id(term), map[string]string{"IdMappingGroup": "12", "Mapping": term})
	}
	organisation := newTable("SROrganisation", organisationColumns)
	organisation.add("1", map[string]string{"Name": "The Surgery", "ID": s.options.Organisation, "Telephone": "01632 960001"})
	out := []table{mapping, organisation, newTable("SRAppointmentAttendees", attendeesColumns)}
	return append(out, append(s.people(), s.appointments())...)
}

func (s *Sim) people() []table {
	patients, registrations := newTable("SRPatient", patientColumns), newTable("SRPatientRegistration", registrationColumns)
	contacts, consents := newTable("SRPatientContactDetails", contactColumns), newTable("SRSmsConsent", consentColumns)
	for _, p := range s.diary.People() {
		id := strconv.Itoa(p.ID)
		mine := func(named map[string]string) map[string]string {
			named["IDOrganisationVisibleTo"], named["IDPatient"], named["IDOrganisation"] = s.options.Organisation, id, s.options.Organisation
			return named
		}
		patients.add(id, mine(map[string]string{
			"Title": p.Title, "FirstName": p.Given, "Surname": p.Family, "NHSNumber": p.NHSNumber,
			"DateBirth": wallMinute(p.Born), "DateDeath": wallMinute(p.Died), "SpeaksEnglish": boolean(p.Language == "" || p.Language == "en"), "TestPatient": "FALSE",
		}))
		registrations.add("4"+id, mine(map[string]string{
			"DateRegistration": "01 Apr 2015 00:00:00", "DateDeRegistration": wall(p.Deducted),
		}))
		s.contactRows(p, func(c contact) {
			contacts.add(strconv.Itoa(c.row), mine(map[string]string{
				"ContactType": s.id(c.kind), "ContactNumber": c.number, "DateEvent": wall(c.at), "DateEventRecorded": wall(c.at), "IDEvent": "-1",
			}))
		})
		if p.Declined || p.ID%2 == 0 {
			consents.add("6"+id, mine(map[string]string{
				"SmsConsent": s.consent(p.Declined), "DateEvent": wall(p.Changed), "DateEventRecorded": wall(p.Changed),
			}))
		}
	}
	if s.options.Neighbour {
		s.strangers(&patients, &contacts, &consents)
	}
	return []table{patients, registrations, contacts, consents}
}

// strangers are rows of another practice: its own copy of a patient of ours, with
// another number and a refusal that was never told to us.
func (s *Sim) strangers(patients, contacts, consents *table) {
	theirs := map[string]string{"IDOrganisationVisibleTo": neighbour, "IDPatient": "1001", "IDOrganisation": neighbour}
	with := func(more map[string]string) map[string]string {
		for k, v := range theirs {
			more[k] = v
		}
		return more
	}
	patients.add("1001", with(map[string]string{"FirstName": "Elsewhere", "DateDeath": "01 Jan 2020 00:00"}))
	contacts.add("999000001", with(map[string]string{"ContactType": s.id("Mobile"), "ContactNumber": "07700 900777", "DateEvent": "01 Jan 2026 10:00:00"}))
	consents.add("999000002", with(map[string]string{"SmsConsent": "No", "DateEvent": "01 Jan 2026 10:00:00"}))
}

func (s *Sim) consent(declined bool) string {
	switch {
	case declined && s.faults.Refusal != "":
		return s.faults.Refusal
	case declined:
		return "No"
	}
	return "Yes"
}

// contact is one row of SRPatientContactDetails. Rows stay when a newer one comes:
// the latest counts.
type contact struct {
	row    int
	kind   string
	number string
	at     time.Time
}

func (s *Sim) contactRows(p surgery.Person, each func(contact)) {
	have := s.contacts[p.ID]
	current := map[string]string{"Mobile": p.Mobile, "Home": p.Home}
	for _, kind := range []string{"Mobile", "Home"} {
		number := current[kind]
		latest := ""
		for _, c := range have {
			if c.kind == kind {
				latest = c.number
			}
		}
		switch {
		case number == "":
			kept := have[:0:0]
			for _, c := range have {
				if c.kind != kind {
					kept = append(kept, c)
				}
			}
			have = kept
		case number != latest:
			s.nextRow++
			have = append(have, contact{s.nextRow, kind, number, p.Changed})
		}
	}
	s.contacts[p.ID] = have
	for _, c := range have {
		each(c)
	}
}

// wall writes a moment as the extract does: London wall time without a zone, blank
// for none.
func wall(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(gateway.London()).Format("02 Jan 2006 15:04:05")
}

// wallMinute is how SRPatient writes: without the seconds.
func wallMinute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(gateway.London()).Format("02 Jan 2006 15:04")
}

func boolean(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

func location(site int) string { return fmt.Sprintf("Site %d", site) }
