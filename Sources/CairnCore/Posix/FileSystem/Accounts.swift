#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The system's users and groups. An account that cannot be looked up counts as absent.
package enum Accounts {
  /// The corresponding C function is `getpwuid_r`.
  package static func userName(_ uid: UInt32) -> String? {
    lookUp(passwd(), { getpwuid_r(uid, $0, $1, $2, $3) }) { String(cString: $0.pw_name) }
  }

  /// The corresponding C function is `getgrgid_r`.
  package static func groupName(_ gid: UInt32) -> String? {
    lookUp(group(), { getgrgid_r(gid, $0, $1, $2, $3) }) { String(cString: $0.gr_name) }
  }

  /// The corresponding C function is `getpwnam_r`.
  package static func uid(ofUser name: String) -> UInt32? {
    lookUp(passwd(), { getpwnam_r(name, $0, $1, $2, $3) }) { $0.pw_uid }
  }

  /// The corresponding C function is `getgrnam_r`.
  package static func gid(ofGroup name: String) -> UInt32? {
    lookUp(group(), { getgrnam_r(name, $0, $1, $2, $3) }) { $0.gr_gid }
  }

  private static func lookUp<Record, Result>(
    _ empty: Record,
    _ call: (
      UnsafeMutablePointer<Record>, UnsafeMutablePointer<CChar>, Int,
      UnsafeMutablePointer<UnsafeMutablePointer<Record>?>
    ) -> CInt,
    _ extract: (Record) -> Result
  ) -> Result? {
    // A group's record lists its members, so it can be long.
    var capacity = 1024
    let largestCapacity = 1 << 20
    var record = empty
    while true {
      var found: UnsafeMutablePointer<Record>?
      let (code, result): (CInt, Result?) = withUnsafeTemporaryAllocation(
        of: CChar.self, capacity: capacity
      ) { buffer in
        let code = call(&record, buffer.baseAddress!, buffer.count, &found)
        return (code, found.map { extract($0.pointee) })
      }
      if let result { return result }
      if code == EINTR { continue }
      guard code == ERANGE, capacity < largestCapacity else { return nil }
      capacity *= 4
    }
  }
}
