package cliniko

// The records of the API, with the fields that a reminder needs and no others: the
// rest is dropped where it is decoded. Names and types are those of Cliniko's
// published description of v1.

// individual is an appointment of one patient.
type individual struct {
	ID              scalar `json:"id,omitzero"`
	StartsAt        scalar `json:"starts_at,omitzero"`
	UpdatedAt       scalar `json:"updated_at,omitzero"`
	CancelledAt     scalar `json:"cancelled_at,omitzero"`
	ArchivedAt      scalar `json:"archived_at,omitzero"`
	DeletedAt       scalar `json:"deleted_at,omitzero"`
	DidNotArrive    scalar `json:"did_not_arrive,omitzero"`
	PatientArrived  scalar `json:"patient_arrived,omitzero"`
	SMSReminderSent scalar `json:"sms_reminder_sent,omitzero"`
	Patient         link   `json:"patient,omitzero"`
	Business        link   `json:"business,omitzero"`
	Type            link   `json:"appointment_type,omitzero"`
}

// group is an appointment of several patients: a class. Who comes is told by its
// attendees.
type group struct {
	ID         scalar `json:"id,omitzero"`
	StartsAt   scalar `json:"starts_at,omitzero"`
	UpdatedAt  scalar `json:"updated_at,omitzero"`
	ArchivedAt scalar `json:"archived_at,omitzero"`
	DeletedAt  scalar `json:"deleted_at,omitzero"`
	Business   link   `json:"business,omitzero"`
	Type       link   `json:"appointment_type,omitzero"`
}

// attendee is one patient of a booking. Those of individual appointments repeat
// what the appointment says, and are not used.
type attendee struct {
	ID              scalar `json:"id,omitzero"`
	UpdatedAt       scalar `json:"updated_at,omitzero"`
	Arrived         scalar `json:"arrived,omitzero"`
	CancelledAt     scalar `json:"cancelled_at,omitzero"`
	ArchivedAt      scalar `json:"archived_at,omitzero"`
	DeletedAt       scalar `json:"deleted_at,omitzero"`
	SMSReminderSent scalar `json:"sms_reminder_sent,omitzero"`
	Booking         link   `json:"booking,omitzero"`
	Patient         link   `json:"patient,omitzero"`
}

// person is a patient.
type person struct {
	ID            scalar `json:"id,omitzero"`
	UpdatedAt     scalar `json:"updated_at,omitzero"`
	FirstName     scalar `json:"first_name,omitzero"`
	PreferredName scalar `json:"preferred_first_name,omitzero"`
	DateOfBirth   scalar `json:"date_of_birth,omitzero"` // on the shelf as gateway/born keeps it
	Phones        scalar `json:"patient_phone_numbers,omitzero"`
	ReminderType  scalar `json:"reminder_type,omitzero"`
	// Channels is said to replace reminder_type: a list of 1 (SMS) and 2 (e-mail).
	Channels   scalar `json:"reminders_communication_channels,omitzero"`
	ArchivedAt scalar `json:"archived_at,omitzero"`
	DeletedAt  scalar `json:"deleted_at,omitzero"`
	MergedAt   scalar `json:"merged_at,omitzero"`
}

// phone is one number of a patient, as it was typed.
type phone struct {
	Type       scalar `json:"phone_type"`
	Number     scalar `json:"number"`
	Normalized scalar `json:"normalized_number"`
}

// business is a place of the clinic.
type business struct {
	ID        scalar `json:"id,omitzero"`
	Zone      scalar `json:"time_zone_identifier,omitzero"`
	Reminders scalar `json:"appointment_reminders_enabled,omitzero"`
}

// kind is a type of appointment.
type kind struct {
	ID         scalar `json:"id,omitzero"`
	Name       scalar `json:"name,omitzero"` // of the clinic's own making
	Telehealth scalar `json:"telehealth_enabled,omitzero"`
	Templates  scalar `json:"appointment_reminder_template_ids,omitzero"`
}
