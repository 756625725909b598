/// Files in the age v1 format (age-encryption.org/v1): sealed for recipients, opened by identities.
///
/// Any age implementation opens what is sealed here, and the reverse.
public enum Age {}
