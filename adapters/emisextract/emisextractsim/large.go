package emisextractsim

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"bellman/gateway"
)

// Large says what a generated full delivery looks like: that of an agreement with
// many practices, of which one is looked for.
type Large struct {
	Dir    string
	Now    time.Time
	Bytes  int64              // of all files together, before they are encrypted
	To     openpgp.EntityList // empty: in clear
	People int                // of the practice that is looked for; one in ten is booked
}

// Booked is how many visits to come the delivery holds.
func (l Large) Booked() int { return l.People / 10 }

// shares say about how much of an extract each table is, in hundredths.
var shares = []struct {
	table string
	share int64
}{
	{"Admin_Organisation", 0}, {"Agreements_SharingOrganisation", 0}, {"Coding_ClinicalCode", 0}, {"Appointment_Session", 2},
	{"Appointment_SessionUser", 1}, {"Admin_Patient", 7}, {tableSlot, 20}, {tableObservation, 70},
}

// Generate writes a full delivery into the folder and gives its size: patients,
// slots of years, and coded entries above all. Only the one practice's people, their
// slots to come and a few of their entries are of use.
func Generate(l Large) (int64, error) {
	var total int64
	for _, t := range shares {
		n, err := l.file(t.table, l.Bytes*t.share/100)
		if err != nil {
			return total, fmt.Errorf("generate %s: %w", t.table, err)
		}
		total += n
	}
	return total, nil
}

// file writes one table of at least the given size, with all rows of use.
func (l Large) file(table string, size int64) (int64, error) {
	stamp := l.Now.Add(-time.Hour).In(gateway.London())
	name := fmt.Sprintf("%s_%s_%s_%s.csv", Bulk, table, stamp.Format("20060102150405"), Agreement)
	if l.To != nil {
		name += ".gpg"
	}
	path := filepath.Join(l.Dir, name)
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	var out io.WriteCloser = f
	if l.To != nil {
		if out, err = Encrypt(f, l.To, l.Now); err != nil {
			return 0, err
		}
	}
	w := bufio.NewWriterSize(out, 1<<20)
	written, err := l.rows(w, table, size)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		return 0, err
	}
	left := l.Now.Add(-Left)
	return written, os.Chtimes(path, left, left)
}

// rows writes headings and rows: every third one of use until all are there, and
// then strangers' until the size is reached.
func (l Large) rows(w io.Writer, table string, size int64) (int64, error) {
	names := columns(table)
	cells := make([]func([]byte, int, bool) []byte, len(names))
	b := make([]byte, 0, 4096)
	for i, n := range names {
		cells[i] = l.cell(table, n)
		b = appendCell(b, i, func(b []byte) []byte { return append(b, n...) })
	}
	b = append(b, '\n')
	written, useful := int64(0), l.useful(table)
	for n, mine := 0, 0; ; n++ {
		k, err := w.Write(b)
		if written += int64(k); err != nil || written >= size && mine == useful {
			return written, err
		}
		own := mine < useful && (n%3 == 0 || written >= size)
		number := n
		if own {
			number = mine
			mine++
		}
		b = b[:0]
		for i, cell := range cells {
			b = appendCell(b, i, func(b []byte) []byte { return cell(b, number, own) })
		}
		b = append(b, '\n')
	}
}

func appendCell(b []byte, i int, content func([]byte) []byte) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return append(content(append(b, '"')), '"')
}

// useful is how many rows of a table are of use.
func (l Large) useful(table string) int {
	switch table {
	case "Admin_Organisation", "Agreements_SharingOrganisation", "Coding_ClinicalCode":
		return 1
	case "Appointment_Session", "Appointment_SessionUser":
		return sessions
	case tableSlot, tableObservation:
		return l.Booked()
	}
	return l.People
}

// sessions is how many sessions to come the practice has.
const sessions = 40

// strangers is added to the numbers of all that is not of use.
const strangers = 1 << 40

// cell gives what makes the cells of one column: of the n-th row of use (own), or of
// some other.
func (l Large) cell(table, column string) func(b []byte, n int, own bool) []byte {
	switch column {
	case "OrganisationGuid":
		return func(b []byte, n int, own bool) []byte {
			if own {
				return append(b, Organisation...)
			}
			return appendGUID(b, 0x0B5C9000, strangers+n%50)
		}
	case "PatientGuid", "SlotGuid", "AppointmentSessionGuid", "SessionGuid", "UserInRoleGuid", "ObservationGuid", "LocationGuid", "ConsultationGuid", "PersonGuid":
		return l.id(table, column)
	case "ODSCode":
		return either("A81001", "Z99999")
	case "AppointmentDate", "StartDate", "EndDate":
		return l.days
	case "CodeId":
		return func(b []byte, n int, own bool) []byte {
			if own {
				return append(b, codeDeclined...)
			}
			return strconv.AppendInt(b, int64(200_000+n%90_000), 10)
		}
	case "SnomedCTConceptId":
		return either("513631000000106", "38341003")
	case "GivenName":
		return either("Ann", "Bilal")
	case "MobilePhone":
		return func(b []byte, n int, _ bool) []byte {
			return append(append(b, "07700 900"...), fmt.Sprintf("%03d", n%1000)...)
		}
	case "AppointmentStartTime":
		return either("09:10:00", "11:40:00")
	case "EffectiveDate", "EnteredDate", "DateOfBirth", "DateOfRegistration":
		return either("2019-04-05", "2011-06-07")
	case "AssociatedText":
		return either("", `seen today, ""no change"", to be seen again in six months unless something new comes up before`)
	case "IsActivated":
		return either("true", "true")
	case "Deleted", "Disabled", "DummyType", "SpineSensitive", "IsConfidential", "DidNotAttend":
		return either("false", "false")
	}
	return either("", "")
}

func either(own, other string) func([]byte, int, bool) []byte {
	return func(b []byte, _ int, mine bool) []byte {
		if mine {
			return append(b, own...)
		}
		return append(b, other...)
	}
}

// id makes ids that fit each other: the n-th booked slot is that of every tenth
// patient, in one of the sessions.
func (l Large) id(table, column string) func([]byte, int, bool) []byte {
	kind := map[string]int{
		"PatientGuid": guidPatient, "SlotGuid": guidSlot, "AppointmentSessionGuid": guidSession, "SessionGuid": guidSession, "UserInRoleGuid": guidUser,
		"ObservationGuid": guidObservation, "LocationGuid": guidLocation,
	}[column]
	return func(b []byte, n int, own bool) []byte {
		switch {
		case !own:
			return appendGUID(b, kind, strangers+n)
		case column == "SessionGuid" && table == tableSlot:
			n %= sessions
		case column == "PatientGuid" && table != "Admin_Patient":
			n *= 10
		}
		return appendGUID(b, kind, n+1)
	}
}

// days gives days to come to what is of use, and long past ones to the rest.
func (l Large) days(b []byte, n int, own bool) []byte {
	if own {
		return l.Now.AddDate(0, 0, 7).AppendFormat(b, time.DateOnly)
	}
	return append(strconv.AppendInt(b, int64(2012+n%12), 10), "-03-14"...)
}

// appendGUID writes the GUID of a kind and a number, as GUID does.
func appendGUID(b []byte, kind, n int) []byte {
	const digits = "0123456789ABCDEF"
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, digits[kind>>shift&15])
	}
	b = append(b, "-0000-4000-8000-"...)
	for shift := 44; shift >= 0; shift -= 4 {
		b = append(b, digits[n>>shift&15])
	}
	return b
}
