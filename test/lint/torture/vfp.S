/* Coprocessor instructions by the names of the floating-point unit, beside those of Advanced SIMD, which are none. */
	.text
	.fpu	neon-vfpv4
base	.req	r4
low	.req	d2
	.macro	context op, reg
	v\op\()ia	\reg!, {d0 - d15}
	.endm
	context	stm, r0
	context	ldm, r1
	vmrs	r1, fpscr
	vmrseq	apsr_nzcv, fpscr
	vmsr	fpexc, r2
	vmsrne	fpscr, r2
	fmrx	r1, fpexc
	fmxr	fpscr, r1
	fmstat
	vpush	{d8 - d15}
	vpop	{d8 - d15}
	vldr	s0, [r0]
	vldreq	d0, [base, #8]
	vstr.32	s3, [sp, #-4]
	vstr	d3, [r0]
	vstmdb	sp!, {s0 - s3}
	fldmias	r0!, {s0 - s3}
	fstmdbd	sp!, {d0}
	flds	s0, [r0]
	fstd	d0, [r0]
	vmov	s0, r0
	vmov	r0, s0
	vmov	base, s1
	vmov.32	d0[0], r0
	vmov.u8	r0, d0[3]
	vmov	d0, r0, r1
	vmov	r0, r1, d0
	vmov	s0, s1, r0, r1
	vmov	r0, r1, s0, s1
	vmov	s0, s1
	vmov.f32	s0, #1.0
	vmov.f64	d0, #1.0
	vmov.f64	d0, d1
	vmov	d0, d1
	vmov	q0, q1
	vmov.i32	d0, #1
	vmov.u16	low[3], base
	vmov.u16	base, low[0]
	vmov	low, r9, r10
	vdup.8	q0, r0
	vdup.32	d0, base
	vdup.32	d0, d1[0]
	vadd.f32	s0, s1, s2
	vaddeq.f64	d0, d1, d2
	vadd.f32	d0, d1, d2
	vadd.i32	q0, q1, q2
	vmul.f32	q0, q1, q2
	vmla.f64	d0, d1, d2
	vdiv.f32	s0, s1, s2
	vsqrt.f64	d0, d1
	vcmp.f32	s0, #0.0
	vcmpe.f64	d0, d1
	vcvt.f64.s32	d0, s0
	vcvt.f32.f64	s0, d0
	vcvt.s32.f32	d0, d1
	vcvtr.s32.f32	s0, s1
	vfma.f32	s0, s1, s2
	vfma.f32	d0, d1, d2
	vneg.f32	s0, s1
	vabs.f32	d0, d1
	vnmul.f32	s0, s1, s2
	fadds	s0, s1, s2
	fmacd	d0, d1, d2
	fcmpezs	s0
	ftosizs	s0, s1
	fsitod	d0, s1
	fcvtds	d0, s0
	fcpyd	d0, d1
	vld1.32	{d0}, [r0]
	vst1.32	{d0}, [r0]
	vmax.f32	d0, d1, d2
