/// A byte below 0xF0: what lets `Optional` fit `nil` into the four bytes of a symbol.
///
/// The standard library's integers use all their bit patterns; an enumeration of 240 cases leaves
/// sixteen over. A value is made from the pattern, so the names of the cases do not matter.
///
/// One pattern over would not do. Code that does not know the type writes a `nil` into this byte only
/// and leaves the three beside it as they are; code that knows it must look at this byte only, which
/// the optimiser of Swift 6.3 forgets for an `Optional`, or another such enumeration, that takes the
/// last of the patterns: a `nil` may then not be one. Sixteen are more than anybody nests.
@frozen @usableFromInline
enum HighByte: UInt8, BitwiseCopyable, Sendable {
  case x00, x01, x02, x03, x04, x05, x06, x07
  case x08, x09, x0A, x0B, x0C, x0D, x0E, x0F
  case x10, x11, x12, x13, x14, x15, x16, x17
  case x18, x19, x1A, x1B, x1C, x1D, x1E, x1F
  case x20, x21, x22, x23, x24, x25, x26, x27
  case x28, x29, x2A, x2B, x2C, x2D, x2E, x2F
  case x30, x31, x32, x33, x34, x35, x36, x37
  case x38, x39, x3A, x3B, x3C, x3D, x3E, x3F
  case x40, x41, x42, x43, x44, x45, x46, x47
  case x48, x49, x4A, x4B, x4C, x4D, x4E, x4F
  case x50, x51, x52, x53, x54, x55, x56, x57
  case x58, x59, x5A, x5B, x5C, x5D, x5E, x5F
  case x60, x61, x62, x63, x64, x65, x66, x67
  case x68, x69, x6A, x6B, x6C, x6D, x6E, x6F
  case x70, x71, x72, x73, x74, x75, x76, x77
  case x78, x79, x7A, x7B, x7C, x7D, x7E, x7F
  case x80, x81, x82, x83, x84, x85, x86, x87
  case x88, x89, x8A, x8B, x8C, x8D, x8E, x8F
  case x90, x91, x92, x93, x94, x95, x96, x97
  case x98, x99, x9A, x9B, x9C, x9D, x9E, x9F
  case xA0, xA1, xA2, xA3, xA4, xA5, xA6, xA7
  case xA8, xA9, xAA, xAB, xAC, xAD, xAE, xAF
  case xB0, xB1, xB2, xB3, xB4, xB5, xB6, xB7
  case xB8, xB9, xBA, xBB, xBC, xBD, xBE, xBF
  case xC0, xC1, xC2, xC3, xC4, xC5, xC6, xC7
  case xC8, xC9, xCA, xCB, xCC, xCD, xCE, xCF
  case xD0, xD1, xD2, xD3, xD4, xD5, xD6, xD7
  case xD8, xD9, xDA, xDB, xDC, xDD, xDE, xDF
  case xE0, xE1, xE2, xE3, xE4, xE5, xE6, xE7
  case xE8, xE9, xEA, xEB, xEC, xED, xEE, xEF
}
