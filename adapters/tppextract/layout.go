package tppextract

// The tables that are read.
const (
	tableTerms         = "SRMapping"
	tablePatients      = "SRPatient"
	tableRegistrations = "SRPatientRegistration"
	tableContacts      = "SRPatientContactDetails"
	tableConsents      = "SRSmsConsent"
	tableRecords       = "SRRecordStatus"
	tableVisits        = "SRAppointment"
)

// The columns that all tables but SRMapping begin with here. Versions of the
// extract differ in whether they have RemovedData.
const (
	colRow = iota
	colVisible
	colRemoved
	colOwn // the first of the table's own
)

// layout is one table: its columns by the names in its headings, and what is made
// of a row.
type layout struct {
	table   string
	prefix  string
	columns []string
	take    func(i *intake, id string) error
}

func own(columns ...string) []string {
	return append([]string{"RowIdentifier", "IDOrganisationVisibleTo?", "RemovedData?"}, columns...)
}

// The own columns of SRAppointment.
const (
	colStart = colOwn + iota
	colStatus
	colCancelled
	colVisitPatient
	colVisitOrganisation
	colTelephone
	colRotaType
	colLocation
	colRotaName
)

// The own columns of SRPatient.
const (
	colFirstName = colOwn + iota
	colNHS
	colDeath
	colTest
	colBirth
	colEnglish
)

// The own columns of tables that say one thing about a patient.
const (
	colPatient = colOwn + iota
	colValue
	colDate
	colRecorded
	colOrganisation
	colMore // ContactType or DateDeRegistration
)

// layouts are the tables in the order in which they are read: terms before what
// uses them, patients before their visits.
var layouts = []layout{
	{tableTerms, prefixTerms, []string{"RowIdentifier", "Mapping"}, nil},
	{tablePatients, prefixPatient, own("FirstName", "NHSNumber", "DateDeath", "TestPatient", "DateBirth?", "SpeaksEnglish?"), takePatient},
	{
		tableRegistrations, prefixStay,
		own("IDPatient", "RegistrationStatus?", "DateRegistration", "DateEventRecorded?", "IDOrganisation", "DateDeRegistration"), takeRegistration,
	},
	{
		tableContacts, prefixContact,
		own("IDPatient", "ContactNumber", "DateEvent", "DateEventRecorded", "IDOrganisation?", "ContactType"), takeContact,
	},
	{tableConsents, prefixConsent, own("IDPatient", "SmsConsent", "DateEvent", "DateEventRecorded", "IDOrganisation"), takeSaid},
	{tableRecords, prefixRecord, own("IDPatient", "MedicalRecordStatus", "DateEvent", "DateEventRecorded", "IDOrganisation"), takeSaid},
	{
		tableVisits, prefixVisit,
		own("DateStart", "AppointmentStatus", "DateAppointmentCancelled", "IDPatient", "IDOrganisation", "TelephoneAppointment?", "RotaType?", "RotaLocation?", "RotaName?"), takeVisit,
	},
}
