import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct ParityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parity",
    abstract: "Keep parity against damage that a disk does by itself.",
    discussion: """
      From now on, 3.5 % more is stored of each pack, from which it is mended when some of its sectors \
      have rotted: 500 KiB of it in one run, or some in different places. What is there already gets its \
      parity now. backup repair mends what backup verify finds; with --scrub, everything is read here \
      and now, and what is damaged is mended.

      That needs no key. It is no second copy: when the disk is gone, so is the parity.

      The exit status is 0 if all blobs are sound and have parity, and 2 otherwise.
      """)

  @Argument(help: ArgumentHelp("The repository: \(RepositoryAddress.forms).", valueName: "repo"))
  var place: ArgumentBytes

  @Flag(help: "Read everything, and mend what is damaged.")
  var scrub = false

  @OptionGroup var output: OutputOptions

  private struct Document: Encodable {
    let sound: Bool
    let protection: Parity.Protection
    let damage: Parity.Damage?
    let elapsed: Double
  }

  func run() async throws {
    let start = ContinuousClock.now
    let plain = try await RepositoryAddress(place).target(creating: false)
    var damage: Parity.Damage?
    // Before parity is made of what is there.
    if scrub, let parity = Parity(try await Parity.open(on: plain)) {
      damage = try await parity.scrub(packs: true, mending: true)
    }
    guard let descriptor = BlobName("cairn"), try await plain.size(of: descriptor) != nil else {
      throw Failure("\(plain.name) holds no repository; create one with backup init --parity")
    }
    let protection = try await Parity.keep(on: plain)
    let lost = Set(damage?.lost ?? []).union(protection.damaged).sorted()
    for blob in lost {
      printError("\(blob) is damaged, and parity does not mend it; see backup repair")
    }
    let output = Output()
    let seconds = (ContinuousClock.now - start).seconds
    if self.output.json {
      try output.write(
        json: Document(
          sound: lost.isEmpty, protection: protection, damage: damage, elapsed: seconds))
    } else {
      try damage?.describe(to: output)
      if let damage, !damage.sidecars.isEmpty {
        try output.writeLine(
          "written again: the parity of \(Formatting.count(damage.sidecars.count, "blob"))")
      }
      try output.writeLine(
        "made parity of \(Formatting.count(protection.protected, "blob")), "
          + "\(Formatting.bytes(protection.parityBytes)), in \(Formatting.duration(seconds)); "
          + "\(Formatting.count(protection.protectedBefore)) had it")
      if scrub { try output.writeLine(lost.isEmpty ? "nothing is damaged" : "some blobs are lost") }
    }
    try output.flush()
    try (lost.isEmpty ? ExitStatus.done : .failed).end()
  }
}
