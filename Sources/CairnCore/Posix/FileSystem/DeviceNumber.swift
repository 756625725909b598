#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The number of a device, in the two parts that mean the same on every system of one kind.
public struct DeviceNumber: Sendable, Hashable {
  /// Which driver.
  public var major: UInt32
  /// Which of the driver's devices.
  public var minor: UInt32

  public init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// Takes a C `dev_t` apart.
  init(raw: dev_t) {
    #if os(Linux)
      let raw = UInt64(raw)
      major = UInt32(truncatingIfNeeded: (raw >> 8) & 0xFFF | (raw >> 32) & 0xFFFF_F000)
      minor = UInt32(truncatingIfNeeded: raw & 0xFF | (raw >> 12) & 0xFFFF_FF00)
    #else
      let raw = UInt32(bitPattern: raw)
      major = raw >> 24
      minor = raw & 0xFF_FFFF
    #endif
  }

  /// The C `dev_t`.
  var raw: dev_t {
    #if os(Linux)
      let major = UInt64(major)
      let minor = UInt64(minor)
      return dev_t(
        (major & 0xFFF) << 8 | (major & 0xFFFF_F000) << 32
          | minor & 0xFF | (minor & 0xFFFF_FF00) << 12)
    #else
      return dev_t(bitPattern: major << 24 | minor & 0xFF_FFFF)
    #endif
  }
}
