/* A stand-in for NVIDIA's libnvidia-ml.so.1, loaded by the real nvidia-ml-py. It has the functions that the doctor
 * asks for, with NVML's own signatures, and answers what the file named by FAKE_NVML says:
 *
 *   init CODE          what nvmlInit returns
 *   hang SECONDS       how long nvmlInit sleeps first
 *   crash 1            nvmlInit ends the process
 *   driver VERSION
 *   makes PATH         nvmlInit makes this device node, as the real one does when run by root
 *   N KEY VALUE        of GPU number N: name, cc (8.9), memory, used (MiB), lost CODE, ecc, pending, failed, mig 1,
 *                      wanted 1 (MIG mode after the next reset), pages 1 (retirement pending), slice UUID, mode, reasons, moment (reasons that the first
 *                      answer has besides), link "WIDTH MOST" (lanes), fabric, pid "PID MIB", noprocesses 1, vgpu 1, licence STATE, linked 1 (NVLink), watts "LIMIT DEFAULT"
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MOST = 16, MOST_PIDS = 8, MOST_SLICES = 7 };
enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7 };

typedef struct {
    char name[96];
    int major, minor, lost, mig, wanted, pages, slices, mode, fabric, pids, noprocesses, vgpu, licence, linked;
    unsigned long long memory, used, ecc, reasons, moment, pid_bytes[MOST_PIDS];
    unsigned pending, failed, limit, standard, width, most, pid[MOST_PIDS];
    char slice[MOST_SLICES][80];
} Gpu;

typedef struct { int gpu, slice; } Handle;

static Gpu gpus[MOST];
static Handle handles[MOST][MOST_SLICES + 1];
static int count, init_code, hang, crash;
static char makes[80];
static char driver[80] = "580.95.05";

static void set(Gpu *gpu, const char *key, const char *value) {
    if (!strcmp(key, "name")) snprintf(gpu->name, sizeof gpu->name, "%.95s", value);
    else if (!strcmp(key, "cc")) sscanf(value, "%d.%d", &gpu->major, &gpu->minor);
    else if (!strcmp(key, "memory")) gpu->memory = strtoull(value, 0, 10) << 20;
    else if (!strcmp(key, "used")) gpu->used = strtoull(value, 0, 10) << 20;
    else if (!strcmp(key, "lost")) gpu->lost = atoi(value);
    else if (!strcmp(key, "ecc")) gpu->ecc = strtoull(value, 0, 10);
    else if (!strcmp(key, "pending")) gpu->pending = atoi(value);
    else if (!strcmp(key, "failed")) gpu->failed = atoi(value);
    else if (!strcmp(key, "mig")) gpu->mig = gpu->wanted = atoi(value);
    else if (!strcmp(key, "wanted")) gpu->wanted = atoi(value);
    else if (!strcmp(key, "pages")) gpu->pages = atoi(value);
    else if (!strcmp(key, "slice")) snprintf(gpu->slice[gpu->slices++], 80, "%.79s", value);
    else if (!strcmp(key, "mode")) gpu->mode = atoi(value);
    else if (!strcmp(key, "reasons")) gpu->reasons = strtoull(value, 0, 0);
    else if (!strcmp(key, "moment")) gpu->moment = strtoull(value, 0, 0);
    else if (!strcmp(key, "link")) sscanf(value, "%u %u", &gpu->width, &gpu->most);
    else if (!strcmp(key, "fabric")) gpu->fabric = atoi(value);
    else if (!strcmp(key, "noprocesses")) gpu->noprocesses = atoi(value);
    else if (!strcmp(key, "vgpu")) gpu->vgpu = atoi(value);
    else if (!strcmp(key, "linked")) gpu->linked = atoi(value);
    else if (!strcmp(key, "licence")) gpu->licence = atoi(value);
    else if (!strcmp(key, "watts")) sscanf(value, "%u %u", &gpu->limit, &gpu->standard);
    else if (!strcmp(key, "pid") && gpu->pids < MOST_PIDS) {
        sscanf(value, "%u %llu", &gpu->pid[gpu->pids], &gpu->pid_bytes[gpu->pids]);
        gpu->pid_bytes[gpu->pids++] <<= 20;
    }
}

static void read_settings(void) {
    char line[256], word[64], key[64], value[160];
    const char *path = getenv("FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    count = 0;
    while (file && fgets(line, sizeof line, file)) {
        value[0] = 0;
        if (sscanf(line, "%63s %63s %159[^\n]", word, key, value) < 2) continue;
        if (!strcmp(word, "init")) init_code = atoi(key);
        else if (!strcmp(word, "hang")) hang = atoi(key);
        else if (!strcmp(word, "crash")) crash = 1;
        else if (!strcmp(word, "driver")) snprintf(driver, sizeof driver, "%s", key);
        else if (!strcmp(word, "makes")) snprintf(makes, sizeof makes, "%s", key);
        else if (atoi(word) < MOST) {
            int index = atoi(word);
            if (index >= count) {
                count = index + 1;
                memset(&gpus[index], 0, sizeof gpus[index]);
                gpus[index].fabric = -1;
            }
            set(&gpus[index], key, value);
        }
    }
    if (file) fclose(file);
}

static int begin(void) {
    read_settings();
    if (hang) sleep(hang);
    if (makes[0]) mknod(makes, S_IFCHR | 0666, makedev(1, 3));
    if (crash) raise(SIGSEGV);
    return init_code;
}

static Gpu *of(void *handle) { return &gpus[((Handle *)handle)->gpu]; }

int nvmlInit_v2(void) { return begin(); }
int nvmlInitWithFlags(unsigned flags) { (void)flags; return begin(); }
int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
    switch (code) {
    case 4: return "Insufficient Permissions";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    case 17: return "GPU access blocked by the operating system";
    case 18: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}

int nvmlSystemGetDriverVersion(char *out, unsigned size) { snprintf(out, size, "%s", driver); return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *out) { *out = count; return SUCCESS; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out) {
    if ((int)index >= count) return NOT_FOUND;
    if (gpus[index].lost) return gpus[index].lost;
    handles[index][0] = (Handle){(int)index, -1};
    *out = &handles[index][0];
    return SUCCESS;
}

int nvmlDeviceGetNvLinkState(void *d, unsigned link, unsigned *out) {
    if (!of(d)->linked || link >= 4) return NOT_SUPPORTED;
    *out = link == 1;
    return SUCCESS;
}

int nvmlDeviceGetName(void *d, char *out, unsigned size) { snprintf(out, size, "%s", of(d)->name); return SUCCESS; }

int nvmlDeviceGetUUID(void *d, char *out, unsigned size) {
    Handle *handle = d;
    if (handle->slice >= 0) snprintf(out, size, "%s", of(d)->slice[handle->slice]);
    else snprintf(out, size, "GPU-%08d-1111-2222-3333-444444444444", handle->gpu);
    return SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(void *d, int *major, int *minor) {
    *major = of(d)->major;
    *minor = of(d)->minor;
    return SUCCESS;
}

typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char address[32]; } Pci;

int nvmlDeviceGetPciInfo_v3(void *d, Pci *out) {
    memset(out, 0, sizeof *out);
    out->bus = ((Handle *)d)->gpu + 1;
    snprintf(out->address, sizeof out->address, "00000000:%02X:00.0", out->bus);
    return SUCCESS;
}

typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } MemoryV2;

/* In a container with a slice the whole card's memory is not said. */
static int memory(void *d, unsigned long long *total, unsigned long long *used) {
    Handle *handle = d;
    if (of(d)->mig && handle->slice < 0 && of(d)->slices) return 4;
    *total = of(d)->memory;
    *used = of(d)->used;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *d, Memory *out) {
    int code = memory(d, &out->total, &out->used);
    out->free = out->total - out->used;
    return code;
}

int nvmlDeviceGetMemoryInfo_v2(void *d, MemoryV2 *out) {
    int code = memory(d, &out->total, &out->used);
    out->reserved = 600ull << 20;
    out->free = out->total - out->used;
    return code;
}

typedef struct { unsigned pid; unsigned long long used; unsigned instance, compute; } Process;

int nvmlDeviceGetComputeRunningProcesses_v3(void *d, unsigned *number, Process *out) {
    Gpu *gpu = of(d);
    if (gpu->noprocesses) return NOT_SUPPORTED;
    unsigned room = *number;
    *number = gpu->pids;
    if ((int)room < gpu->pids) return TOO_SMALL;
    for (int i = 0; out && i < gpu->pids; i++) out[i] = (Process){gpu->pid[i], gpu->pid_bytes[i], ~0u, ~0u};
    return SUCCESS;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(void *d, unsigned *number, Process *out) {
    (void)d; (void)out;
    *number = 0;
    return SUCCESS;
}

int nvmlDeviceGetTotalEccErrors(void *d, int type, int counter, unsigned long long *out) {
    if (strstr(of(d)->name, "GeForce")) return NOT_SUPPORTED;
    *out = type == 1 && counter == 0 ? of(d)->ecc : 9; /* the lifetime's counter is no fault */
    return SUCCESS;
}

int nvmlDeviceGetRemappedRows(void *d, unsigned *c, unsigned *u, unsigned *pending, unsigned *failed) {
    if (strstr(of(d)->name, "GeForce")) return NOT_SUPPORTED;
    *c = *u = 0;
    *pending = of(d)->pending;
    *failed = of(d)->failed;
    return SUCCESS;
}

int nvmlDeviceGetRetiredPagesPendingStatus(void *d, int *out) { *out = of(d)->pages; return SUCCESS; }

int nvmlDeviceGetMigMode(void *d, unsigned *current, unsigned *pending) {
    if (!strstr(of(d)->name, "A100") && !strstr(of(d)->name, "H100")) return NOT_SUPPORTED;
    *current = of(d)->mig;
    *pending = of(d)->wanted;
    return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(void *d, unsigned *out) { *out = of(d)->mig ? MOST_SLICES : 0; return SUCCESS; }

int nvmlDeviceGetMigDeviceHandleByIndex(void *d, unsigned index, void **out) {
    Handle *parent = d;
    if ((int)index >= of(d)->slices) return NOT_FOUND;
    handles[parent->gpu][index + 1] = (Handle){parent->gpu, (int)index};
    *out = &handles[parent->gpu][index + 1];
    return SUCCESS;
}

int nvmlDeviceGetComputeMode(void *d, int *out) { *out = of(d)->mode; return SUCCESS; }
int nvmlDeviceGetPersistenceMode(void *d, int *out) { (void)d; *out = 1; return SUCCESS; }

int nvmlDeviceGetVirtualizationMode(void *d, unsigned *out) { *out = of(d)->vgpu ? 2 : 0; return SUCCESS; }

typedef struct { unsigned year; unsigned short month, day, hour, minute, second; unsigned char status; } Expiry;
typedef struct { int code; unsigned state; char info[128], product[128]; unsigned enabled; Expiry expiry; } Feature;
typedef struct { int supported; unsigned count; Feature feature[3]; } Licence;

int nvmlDeviceGetGridLicensableFeatures_v4(void *d, Licence *out) {
    memset(out, 0, sizeof *out);
    out->supported = out->count = of(d)->vgpu;
    out->feature[0].state = of(d)->licence;
    return SUCCESS;
}

/* Only under its former name, as in drivers before 535. */
int nvmlDeviceGetCurrentClocksThrottleReasons(void *d, unsigned long long *out) {
    *out = of(d)->reasons | of(d)->moment;
    of(d)->moment = 0;
    return SUCCESS;
}

static int lanes(unsigned said, unsigned *out) {
    *out = said;
    return said ? SUCCESS : NOT_SUPPORTED;
}

int nvmlDeviceGetCurrPcieLinkWidth(void *d, unsigned *out) { return lanes(of(d)->width, out); }
int nvmlDeviceGetMaxPcieLinkWidth(void *d, unsigned *out) { return lanes(of(d)->most, out); }

int nvmlDeviceGetEnforcedPowerLimit(void *d, unsigned *out) {
    if (!of(d)->limit) return NOT_SUPPORTED;
    *out = of(d)->limit * 1000;
    return SUCCESS;
}

int nvmlDeviceGetPowerManagementDefaultLimit(void *d, unsigned *out) {
    if (!of(d)->standard) return NOT_SUPPORTED;
    *out = of(d)->standard * 1000;
    return SUCCESS;
}

typedef struct { char cluster[16]; int status; unsigned clique; unsigned char state; } Fabric;

int nvmlDeviceGetGpuFabricInfo(void *d, Fabric *out) {
    if (of(d)->fabric < 0) return NOT_SUPPORTED;
    memset(out, 0, sizeof *out);
    out->state = (unsigned char)of(d)->fabric;
    return SUCCESS;
}
