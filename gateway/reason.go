package gateway

// Reason says why a reminder was not sent, or not yet. It is a closed list: a
// metric label, a word in --json, and a sentence for reception. Its byte is what
// the store keeps; bytes are never reused.
type Reason byte

// The reasons. None means that there is nothing to explain.
const (
	None Reason = 0

	// Suppressed: this reminder is not to be sent.
	Cancelled      Reason = 1
	Moved          Reason = 2
	Gone           Reason = 3
	Deceased       Reason = 4
	LeftPractice   Reason = 5
	Declined       Reason = 6
	OptedOut       Reason = 7
	NoMobile       Reason = 8
	Landline       Reason = 9
	NotAMobile     Reason = 10
	BookedLate     Reason = 11
	TooLate        Reason = 12
	Merged         Reason = 13
	Restricted     Reason = 14
	NotExpected    Reason = 15
	NotOnAllowList Reason = 16
	RuleRemoved    Reason = 17
	ByStaff        Reason = 18
	AlreadyTold    Reason = 19
	SourceReminds  Reason = 20
	OutsideHours   Reason = 21
	EnoughToday    Reason = 22
	LaterReminder  Reason = 23
	Sensitive      Reason = 30
	NeedsOtherWay  Reason = 31
	VisitOptedOut  Reason = 32
	ClinicOptedOut Reason = 33

	// Held: cannot tell yet; looked at again.
	FeedStale        Reason = 40
	StatusUnclear    Reason = 41
	DeceasedUnclear  Reason = 42
	LeftUnclear      Reason = 43
	DeclinedUnclear  Reason = 44
	MobileUnclear    Reason = 45
	TimeUnclear      Reason = 46
	RereadFailed     Reason = 47
	ManyWithdrawals  Reason = 48
	WordingFailed    Reason = 50
	RecordUnreadable Reason = 51
	RestrictUnclear  Reason = 52
	ProviderTrouble  Reason = 53
	NotConfirmed     Reason = 55
	ClockWrong       Reason = 56
	ManyMoves        Reason = 60
	ManyNew          Reason = 61
	RemindedUnclear  Reason = 62
	ClinicUnclear    Reason = 70
	YoungShared      Reason = 71
	SharedNumber     Reason = 72
	NeedsUnclear     Reason = 73
	ClinicUntold     Reason = 74

	// Refused by the provider, or failed after the hand-over.
	ProviderOptOut   Reason = 80
	ProviderNumber   Reason = 81
	ProviderMessage  Reason = 82
	UnknownOutcome   Reason = 83
	NotDelivered     Reason = 84
	ProviderAccount  Reason = 85
	NetworkTransient Reason = 86
	MaybeSent        Reason = 90
	NotAnswered      Reason = 91
)

type reasonWords struct{ label, words string }

// reasons gives each reason its label and the sentence that reception reads.
var reasons = map[Reason]reasonWords{
	Cancelled:      {"cancelled", "the appointment was cancelled"},
	Moved:          {"moved", "the appointment was moved to another time"},
	Gone:           {"gone", "the appointment is no longer in the diary"},
	Deceased:       {"deceased", "the patient is recorded as deceased"},
	LeftPractice:   {"left_practice", "the patient has left the practice"},
	Declined:       {"declined", "the patient declined texts in the clinical system"},
	OptedOut:       {"opted_out", "the patient said STOP or what looks like it, or staff recorded an opt-out, or the number is said not to be the patient's"},
	NoMobile:       {"no_mobile", "no mobile number is recorded"},
	Landline:       {"landline", "the number recorded as mobile is a landline"},
	NotAMobile:     {"not_a_mobile", "the number recorded is not a UK mobile"},
	BookedLate:     {"booked_late", "the appointment was booked after this reminder would have been due"},
	TooLate:        {"too_late", "it was too close to the appointment to text"},
	Merged:         {"merged", "another text tells of the patient's first appointment within the hour"},
	Restricted:     {"restricted", "this patient is not texted"},
	NotExpected:    {"not_expected", "nobody is expected: arrived, finished, missed or not a booking"},
	NotOnAllowList: {"not_on_allow_list", "this is a trial and the number is not on its list"},
	RuleRemoved:    {"rule_removed", "the practice no longer sends this reminder"},
	ByStaff:        {"by_staff", "a member of staff withdrew it"},
	AlreadyTold:    {"already_told", "the patient was already texted about this place and time, under another booking"},
	SourceReminds:  {"source_reminds", "the clinical system sends its own reminder of this appointment"},
	OutsideHours:   {"outside_hours", "it would have been due outside the practice's hours for texts, and the practice does not send such ones at another time"},
	LaterReminder:  {"later_reminder", "a later reminder of the same visit had come due by then"},
	EnoughToday:    {"enough_today", "this phone had been sent as many texts that day as the practice allows, and the next day was too late"},
	Sensitive:      {"sensitive", "the practice sends no texts about this kind of visit"},
	NeedsOtherWay:  {"needs_other_way", "a text is no way to reach this patient: see the tasks"},
	VisitOptedOut:  {"visit_opted_out", "staff recorded that the patient wants no texts about this visit"},
	ClinicOptedOut: {"clinic_opted_out", "staff recorded that the patient wants no texts about this clinic"},

	FeedStale:        {"feed_stale", "the diary has not been read recently enough to be trusted"},
	StatusUnclear:    {"status_unclear", "the appointment's status is not understood"},
	DeceasedUnclear:  {"deceased_unclear", "it is not clear whether the patient is alive"},
	LeftUnclear:      {"left_unclear", "it is not clear whether the patient is still registered"},
	DeclinedUnclear:  {"declined_unclear", "the patient's choice about texts is not understood"},
	MobileUnclear:    {"number_unclear", "the mobile field holds more than one plain number"},
	TimeUnclear:      {"time_unclear", "the time is not certain: the clocks change in that hour, or the place keeps another time than London"},
	RereadFailed:     {"reread_failed", "the clinical system could not be asked again just before sending"},
	ManyWithdrawals:  {"many_withdrawals", "an unusual number of appointments vanished at once"},
	WordingFailed:    {"wording_failed", "the text could not be worded"},
	RecordUnreadable: {"unreadable", "our own record of the appointment cannot be read"},
	RestrictUnclear:  {"restriction_unclear", "it is not clear whether this patient may be texted"},
	ProviderTrouble:  {"provider_trouble", "the text provider does not take texts at the moment"},
	NotConfirmed:     {"not_confirmed", "the last read of the diary did not show the appointment, and was not complete"},
	ClockWrong:       {"clock_wrong", "the clock of our own machine is wrong, or could not be compared; it goes when the clock is right"},
	ManyMoves:        {"many_moves", "an unusual number of appointments moved at once, so neither time is trusted"},
	ManyNew:          {"many_new", "an unusual number of new reminders came at once; a person must let them go"},
	RemindedUnclear:  {"reminded_unclear", "it is not clear whether the clinical system sends its own reminder of this appointment"},
	ClinicUnclear:    {"clinic_unknown", "the practice texts only about kinds of clinic that it has named as general, and has not named this one"},
	YoungShared:      {"young_shared", "the patient is sixteen or seventeen and another patient has the same number: ask whose it is"},
	SharedNumber:     {"shared_number", "another patient of the practice has the same number: ask whose it is"},
	NeedsUnclear:     {"needs_unclear", "what the record says of how to reach this patient is not understood"},
	ClinicUntold:     {"clinic_untold", "the patient wants no texts about one clinic, and the diary has not told yet whether this visit is there"},

	ProviderOptOut:   {"provider_opt_out", "the text provider blocks this number: it opted out there"},
	ProviderNumber:   {"provider_number", "the text provider says that the number cannot be texted"},
	ProviderMessage:  {"provider_message", "the text provider refused the message"},
	UnknownOutcome:   {"unknown_outcome", "handed to the text provider, and its fate could not be learnt in time"},
	NotDelivered:     {"not_delivered", "the phone network could not deliver the text"},
	ProviderAccount:  {"provider_account", "the practice's text account does not work"},
	NetworkTransient: {"network_transient", "the text could not be handed over; it is tried again"},
	MaybeSent:        {"maybe_sent", "our records were lost or set back, and it may have been sent before; the text provider's list is asked"},
	NotAnswered:      {"not_answered", "the phone network did not answer the text provider: the patient may have the text or not"},
}

// Reasons lists every reason but None, for metrics that start at zero.
func Reasons() []Reason {
	out := make([]Reason, 0, len(reasons))
	for b := range 256 {
		if _, ok := reasons[Reason(b)]; ok {
			out = append(out, Reason(b))
		}
	}
	return out
}

// String gives the label: lower case, underscores, empty for None.
func (r Reason) String() string { return reasons[r].label }

// Words gives the sentence that reception reads, empty for None.
func (r Reason) Words() string { return reasons[r].words }
