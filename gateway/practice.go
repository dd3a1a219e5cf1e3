package gateway

// ODS is the code by which the NHS knows a practice, such as "A81001"; private
// clinics use any short code of capitals and digits. It is not personal data.
type ODS string

// Nation decides bank holidays and language.
type Nation string

// The four nations of the United Kingdom.
const (
	England         Nation = "england"
	Wales           Nation = "wales"
	Scotland        Nation = "scotland"
	NorthernIreland Nation = "northern-ireland"
)

// Nations lists every nation.
var Nations = []Nation{England, Wales, Scotland, NorthernIreland}

// Practice is one surgery or clinic, with the rules it has chosen.
type Practice struct {
	ODS    ODS
	Name   string // shown in every text
	Phone  string // as the practice writes it; shown in every text
	Nation Nation
	Sender string // E.164 or an alphanumeric name; belongs to this practice alone
	Policy Policy
}

// ValidODS reports whether s can name a practice: 1 to 12 capitals, digits or
// hyphens, so that it is safe in keys, labels and URLs.
func ValidODS(s string) bool {
	if len(s) == 0 || len(s) > 12 {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}
