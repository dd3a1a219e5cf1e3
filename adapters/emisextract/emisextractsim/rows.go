package emisextractsim

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/surgery"
	"bellman/gateway"
)

const (
	tableSlot        = "Appointment_Slot"
	tableObservation = "CareRecord_Observation"
)

// headers are the columns of each table, in the order of version 5.4.
var headers = map[string]string{
	"Agreements_SharingOrganisation": "OrganisationGuid,IsActivated,LastModifiedDate,Disabled,Deleted",
	"Admin_Organisation":             "OrganisationGuid,CDB,OrganisationName,ODSCode,ParentOrganisationGuid,CCGOrganisationGuid,OrganisationType,OpenDate,CloseDate,MainLocationGuid,ProcessingId",
	"Admin_Location":                 "LocationGuid,LocationName,LocationTypeDescription,ParentLocationGuid,OpenDate,CloseDate,MainContactName,FaxNumber,EmailAddress,PhoneNumber,HouseNameFlatNumber,NumberAndStreet,Village,Town,County,Postcode,Deleted,ProcessingId",
	"Admin_Patient":                  "PatientGuid,OrganisationGuid,UsualGpUserInRoleGuid,Sex,DateOfBirth,DateOfDeath,Title,GivenName,MiddleNames,Surname,DateOfRegistration,NhsNumber,PatientNumber,PatientTypeDescription,DummyType,HouseNameFlatNumber,NumberAndStreet,Village,Town,County,Postcode,ResidentialInstituteCode,NHSNumberStatus,CarerName,CarerRelation,PersonGuid,DateOfDeactivation,Deleted,SpineSensitive,IsConfidential,EmailAddress,HomePhone,MobilePhone,ExternalUsualGPGuid,ExternalUsualGP,ExternalUsualGPOrganisation,ProcessingId",
	"Appointment_Session":            "AppointmentSessionGuid,Description,LocationGuid,SessionTypeDescription,SessionCategoryDisplayName,StartDate,StartTime,EndDate,EndTime,Private,OrganisationGuid,Deleted,ProcessingId",
	"Appointment_SessionUser":        "SessionGuid,UserInRoleGuid,Deleted,ProcessingId",
	tableSlot:                        "SlotGuid,AppointmentDate,AppointmentStartTime,PlannedDurationInMinutes,PatientGuid,SendInTime,LeftTime,DidNotAttend,PatientWaitInMin,AppointmentDelayInMin,ActualDurationInMinutes,OrganisationGuid,SessionGuid,DnaReasonCodeId,Deleted,ProcessingId",
	tableObservation:                 "ObservationGuid,PatientGuid,OrganisationGuid,EffectiveDate,EffectiveDatePrecision,EnteredDate,EnteredTime,ClinicianUserInRoleGuid,EnteredByUserInRoleGuid,ParentObservationGuid,CodeId,ProblemGuid,AssociatedText,ConsultationGuid,Value,NumericUnit,ObservationType,NumericRangeLow,NumericRangeHigh,DocumentGuid,Deleted,IsConfidential,ProcessingId",
	"Coding_ClinicalCode":            "CodeId,Term,ReadTermId,SnomedCTConceptId,SnomedCTDescriptionId,NationalCode,NationalCodeCategory,NationalDescription,EmisCodeCategoryDescription,ProcessingId,ParentCodeId",
}

// row is one row, by column; what is not in it is empty.
type row map[string]string

// tables are rows by table and key.
type tables map[string]map[string]row

func (t tables) put(table, key string, r row) {
	if t[table] == nil {
		t[table] = map[string]row{}
	}
	t[table][key] = r
}

func (t tables) empty() bool { return len(t) == 0 }

// resend makes rows of a table a part of what is sent though they have not changed.
func (t tables) resend(all tables, table string) {
	for key, r := range all[table] {
		t.put(table, key, r)
	}
}

// The kinds of GUIDs.
const (
	guidPatient = 0xA0000000 + iota
	guidSlot
	guidSession
	guidUser
	guidLocation
	guidObservation
)

// GUID makes one of a kind and a number, in upper case as some files have it.
func GUID(kind, n int) string { return fmt.Sprintf("%08X-0000-4000-8000-%012X", kind, n) }

// PatientGUID and SlotGUID are those of the diary's people and slots.
func PatientGUID(person int) string { return GUID(guidPatient, person) }

// SlotGUID gives the id under which a slot of the diary is delivered.
func SlotGUID(slot int) string { return GUID(guidSlot, slot) }

// The invented code ids of EMIS for the codes about texts.
const (
	codeDeclined  = "987001"
	codeConsented = "987002"
)

// rows gives the whole diary as rows.
func (s *Sim) rows() tables {
	t := tables{}
	t.put("Agreements_SharingOrganisation", Organisation, row{
		"OrganisationGuid": Organisation, "IsActivated": "true", "LastModifiedDate": "2026-01-05", "Disabled": fmt.Sprint(s.faults.Disabled), "Deleted": "false",
	})
	t.put("Admin_Organisation", Organisation, row{"OrganisationGuid": Organisation, "CDB": "9001", "OrganisationName": "Riverside Surgery", "ODSCode": string(s.o.ODS)})
	t.put("Coding_ClinicalCode", codeDeclined, row{"CodeId": codeDeclined, "Term": "Declined consent for short message service text messaging", "ReadTermId": "9ndQ.", "SnomedCTConceptId": "513631000000106"})
	t.put("Coding_ClinicalCode", codeConsented, row{"CodeId": codeConsented, "Term": "Consent given for short message service text messaging", "ReadTermId": "9ndP.", "SnomedCTConceptId": "699237001"})
	for _, p := range s.diary.People() {
		t.put("Admin_Patient", PatientGUID(p.ID), personRow(p))
		if p.Declined {
			id := GUID(guidObservation, p.ID)
			t.put(tableObservation, id, row{
				"ObservationGuid": id, "PatientGuid": PatientGUID(p.ID), "OrganisationGuid": Organisation, "EffectiveDate": "2026-10-01", "EffectiveDatePrecision": "YMD",
				"EnteredDate": "2026-10-01", "EnteredTime": "11:20:00", "CodeId": codeDeclined, "AssociatedText": "said so, \"no texts\",\nat the desk", "Deleted": "false", "IsConfidential": "false",
			})
		}
	}
	for _, v := range s.diary.Visits() {
		t.visit(v)
		switch slot := SlotGUID(v.Slot); s.off[v.Slot] {
		case Named:
			t.put(tableSlot, slot, t[tableSlot][slot].with("Deleted", "true"))
		case Blank:
			t.put(tableSlot, slot, row{"SlotGuid": slot, "Deleted": "true"})
		}
	}
	s.neighbour(t)
	return t
}

// neighbour adds another practice of the same agreement, whose rows stand in the
// same files. Its people must never be seen, nor its visits.
func (s *Sim) neighbour(t tables) {
	const org = "0B5C9000-0000-4000-8000-00000000B002"
	t.put("Admin_Organisation", org, row{"OrganisationGuid": org, "CDB": "9002", "OrganisationName": "Hillside Surgery", "ODSCode": "B82002"})
	t.put("Agreements_SharingOrganisation", org, row{"OrganisationGuid": org, "IsActivated": "false", "Disabled": "true", "Deleted": "false"})
	patient, session, slot := GUID(guidPatient, 999_001), GUID(guidSession, 1), GUID(guidSlot, 1)
	start := s.first.In(gateway.London())
	theirs := personRow(surgery.Person{ID: 999_001, Given: "Neighbour", NHSNumber: "9990000069", Mobile: "07700 900997"})
	theirs["OrganisationGuid"] = org
	t.put("Admin_Patient", patient, theirs)
	t.put("Appointment_Session", session, row{"AppointmentSessionGuid": session, "StartDate": start.Format(time.DateOnly), "EndDate": start.AddDate(0, 1, 0).Format(time.DateOnly), "OrganisationGuid": org, "Deleted": "false"})
	t.put("Appointment_SessionUser", session, row{"SessionGuid": session, "UserInRoleGuid": GUID(guidUser, 999_001), "Deleted": "false"})
	t.put(tableSlot, slot, row{
		"SlotGuid": slot, "AppointmentDate": start.AddDate(0, 0, 7).Format(time.DateOnly), "AppointmentStartTime": "09:00:00", "PatientGuid": patient,
		"DidNotAttend": "false", "OrganisationGuid": org, "SessionGuid": session, "Deleted": "false",
	})
}

func personRow(p surgery.Person) row {
	return row{
		"PatientGuid": PatientGUID(p.ID), "OrganisationGuid": Organisation, "Sex": "F", "DateOfBirth": p.BornAs(time.DateOnly), "DateOfDeath": day(p.Died),
		"Title": p.Title, "GivenName": p.Given, "Surname": p.Family, "DateOfRegistration": "2001-02-03", "NhsNumber": spaced(p.NHSNumber),
		"PatientNumber": strconv.Itoa(p.ID), "PatientTypeDescription": "Regular", "DummyType": "false", "DateOfDeactivation": day(p.Deducted), "Deleted": "false",
		"SpineSensitive": "false", "IsConfidential": "false", "HomePhone": p.Home, "MobilePhone": p.Mobile,
	}
}

// visit adds a slot, its session, and who holds that.
func (t tables) visit(v surgery.Visit) {
	start := v.Start.In(gateway.London())
	n := v.Site*10_000_000 + int(v.Mode)*1_000_000 + start.Year()%100*10_000 + start.YearDay()
	if v.Clinic != "" { // a session of its own
		h := fnv.New32a()
		_, _ = h.Write([]byte(v.Clinic)) // never fails
		n += 1_000_000_000 * int(1+h.Sum32()%1000)
	}
	session := GUID(guidSession, n)
	r := row{
		"SlotGuid": SlotGUID(v.Slot), "AppointmentDate": start.Format(time.DateOnly), "AppointmentStartTime": start.Format(time.TimeOnly), "PlannedDurationInMinutes": strconv.Itoa(v.Minutes),
		"PatientGuid": PatientGUID(v.Person), "DidNotAttend": "false", "OrganisationGuid": Organisation, "SessionGuid": session, "Deleted": "false",
	}
	switch v.Status {
	case gateway.StatusCancelled, gateway.StatusNotBooked, gateway.StatusUnknown:
		r["PatientGuid"] = ""
	case gateway.StatusArrived:
		r["SendInTime"] = start.Format(time.TimeOnly)
	case gateway.StatusFinished:
		r["SendInTime"], r["LeftTime"] = start.Format(time.TimeOnly), start.Add(10*time.Minute).Format(time.TimeOnly)
	case gateway.StatusMissed:
		r["DidNotAttend"] = "true"
	case gateway.StatusBooked:
	}
	t.put(tableSlot, SlotGUID(v.Slot), r)
	t.put("Appointment_Session", session, row{
		"AppointmentSessionGuid": session, "Description": cmp.Or(v.Clinic, "Morning clinic"), "LocationGuid": GUID(guidLocation, v.Site), "SessionTypeDescription": "Timed",
		"SessionCategoryDisplayName": category(v.Mode), "StartDate": start.Format(time.DateOnly), "StartTime": "09:00:00", "EndDate": start.Format(time.DateOnly), "EndTime": "18:00:00",
		"Private": "false", "OrganisationGuid": Organisation, "Deleted": "false",
	})
	t.put("Appointment_SessionUser", session, row{"SessionGuid": session, "UserInRoleGuid": GUID(guidUser, v.Site), "Deleted": "false"})
}

// category is the invented practice's own word for how it meets its patients.
func category(m gateway.Mode) string {
	switch m {
	case gateway.ModeInPerson:
		return "Face to face"
	case gateway.ModeTelephone:
		return "Telephone"
	case gateway.ModeVideo:
		return "Video"
	case gateway.ModeHomeVisit:
		return "Home visit"
	case gateway.ModeUnknown:
	}
	return "General"
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(gateway.London()).Format(time.DateOnly)
}

func spaced(nhs string) string {
	if len(nhs) != 10 {
		return nhs
	}
	return nhs[:3] + " " + nhs[3:6] + " " + nhs[6:]
}

// difference gives the rows that are new or changed, as EMIS delivers them: a slot
// that nobody is booked into any more comes with no patient, an entry that was
// taken back comes as deleted.
func difference(before, now tables) tables {
	out := tables{}
	for name, rows := range now {
		for key, r := range rows {
			if !same(before[name][key], r) {
				out.put(name, key, r)
			}
		}
	}
	for key, r := range before[tableSlot] {
		if now[tableSlot][key] == nil {
			out.put(tableSlot, key, r.with("PatientGuid", ""))
		}
	}
	for key, r := range before[tableObservation] {
		if now[tableObservation][key] == nil {
			out.put(tableObservation, key, r.with("Deleted", "true"))
		}
	}
	return out
}

func same(a, b row) bool {
	if a == nil || len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

func (r row) with(column, value string) row {
	out := row{}
	for k, v := range r {
		out[k] = v
	}
	out[column] = value
	return out
}

// columns lists the columns of a table.
func columns(table string) []string { return slices.Collect(strings.SplitSeq(headers[table], ",")) }
