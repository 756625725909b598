/// Writes fields of SSH's wire format (RFC 4251, section 5).
enum SSHWriter {
  /// Appends a `string`.
  static func append(_ bytes: [UInt8], to wire: inout [UInt8]) {
    let count = UInt32(bytes.count)
    wire += (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) }
    wire += bytes
  }

  /// Appends a number that is no secret as an `mpint`.
  static func append(_ number: borrowing BigNumber, to wire: inout [UInt8]) {
    // A zero bit goes in front, so that the number does not look negative.
    append(number.bigEndian(count: number.bitCount / 8 + 1).withBytes { $0.array }, to: &wire)
  }
}
