import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How many bytes this process can take without the system running out of memory, as far as it says:
/// an estimate, to refuse what is hopeless before it harms others.
///
/// On Linux the least of what the kernel calls available, what the process's control group leaves
/// (cgroup version 2, its own limit; cached files count as left), and its limit of address space;
/// elsewhere the memory of the machine.
package func availableMemory() -> UInt64 {
  var available =
    UInt64(max(0, sysconf(CInt(_SC_PHYS_PAGES)))) * UInt64(sysconf(CInt(_SC_PAGESIZE)))
  #if os(Linux)
    if let kibibytes = systemFile("/proc/meminfo").flatMap({
      number(after: "MemAvailable:", in: $0)
    }) {
      available = min(available, kibibytes << 10)
    }
    if let left = leftInControlGroup() { available = min(available, left) }
  #endif
  var limit = rlimit()
  if getrlimit(addressSpace, &limit) == 0 { available = min(available, UInt64(limit.rlim_cur)) }
  return available
}

#if canImport(Glibc)
  private let addressSpace = __rlimit_resource_t(RLIMIT_AS.rawValue)
#else
  private let addressSpace = RLIMIT_AS
#endif

#if os(Linux)
  private func leftInControlGroup() -> UInt64? {
    // The line of version 2 begins with an empty list of controllers.
    guard let groups = systemFile("/proc/self/cgroup"),
      let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
    else { return nil }
    return memoryLeft(inControlGroup: "/sys/fs/cgroup" + line.dropFirst(3))
  }

  /// What a control group leaves; `nil` if it sets no limit.
  ///
  /// - Parameter folder: Where the kernel shows the group.
  func memoryLeft(inControlGroup folder: String) -> UInt64? {
    guard let limit = systemFile(folder + "/memory.max").flatMap({ number(after: "", in: $0) }),
      let used = systemFile(folder + "/memory.current").flatMap({ number(after: "", in: $0) })
    else { return nil }
    // A group that has read much is full of cached files, which the kernel drops when asked for
    // memory. They are on these two lists; a memory-backed file system's files are not.
    let statistics = systemFile(folder + "/memory.stat") ?? ""
    let cached = ["active_file ", "inactive_file "].reduce(0) { sum, label in
      sum &+ (number(after: label, in: statistics) ?? 0)
    }
    let kept = used > cached ? used - cached : 0
    return limit > kept ? limit - kept : 0
  }

  /// The beginning of a file that the kernel makes up; `nil` if it cannot be read.
  private func systemFile(_ path: String) -> String? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else {
      return nil
    }
    defer { try? file.close() }
    return try? String(unsafeUninitializedCapacity: 4096) { buffer in
      try file.readFully(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  private func number(after label: String, in text: String) -> UInt64? {
    for line in text.split(separator: "\n") where line.hasPrefix(label) {
      let digits = line.dropFirst(label.count).drop { $0 == " " }.prefix { $0.isNumber }
      return UInt64(digits)
    }
    return nil
  }
#endif
