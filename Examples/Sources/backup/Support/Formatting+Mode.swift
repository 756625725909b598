import Cairn
import CommandSupport

extension Formatting {
  /// As `ls -l` shows it: -rwsr-xr-t.
  static func mode(_ metadata: FileMetadata) -> String {
    let kind =
      switch metadata.kind {
      case .regular: "-"
      case .directory: "d"
      case .symbolicLink: "l"
      case .fifo: "p"
      case .characterDevice: "c"
      case .blockDevice: "b"
      case .socket: "s"
      case .unknown: "?"
      }
    var letters: [Character] = []
    for shift in [6, 3, 0] {
      let bits = metadata.permissions >> UInt16(shift)
      letters.append(bits & 4 != 0 ? "r" : "-")
      letters.append(bits & 2 != 0 ? "w" : "-")
      // 4 is setuid, 2 setgid and 1 sticky, so the bit for these three is that of the shift.
      let isSpecial = metadata.permissions >> 9 & (shift == 6 ? 4 : shift == 3 ? 2 : 1) != 0
      let special: Character = shift == 0 ? "t" : "s"
      switch (bits & 1 != 0, isSpecial) {
      case (true, true): letters.append(special)
      case (false, true): letters.append(Character(special.uppercased()))
      case (true, false): letters.append("x")
      case (false, false): letters.append("-")
      }
    }
    return kind + String(letters)
  }
}
