"""Names of functions of other libraries, as they stand in those libraries: what people may write by habit."""

from __future__ import annotations

MATH = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist erf erfc exp exp2 expm1
    fabs factorial floor fma fmod frexp fsum gamma gcd hypot isclose isfinite isinf isnan isqrt lcm ldexp lgamma log
    log10 log1p log2 modf nextafter perm pow prod radians remainder sin sinh sqrt sumprod tan tanh trunc ulp
"""

NUMPY = """
    abs absolute acos acosh add all allclose amax amin angle any append apply_along_axis apply_over_axes arange
    arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around array
    array2string array_equal array_equiv array_repr array_split array_str asanyarray asarray asarray_chkfinite
    ascontiguousarray asfortranarray asin asinh asmatrix astype atan atan2 atanh atleast_1d atleast_2d atleast_3d
    average bartlett base_repr binary_repr bincount bitwise_and bitwise_count bitwise_invert bitwise_left_shift
    bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman block bmat bool bool_ broadcast broadcast_arrays
    broadcast_shapes broadcast_to busday_count busday_offset busdaycalendar byte bytes_ can_cast cbrt cdouble ceil
    character cholesky choose clip clongdouble column_stack common_type complex128 complex256 complex64
    complexfloating compress concat concatenate cond conj conjugate convolve copy copysign copyto corrcoef correlate
    cos cosh count_nonzero cov cross csingle cumprod cumsum cumulative_prod cumulative_sum datetime64
    datetime_as_string datetime_data deg2rad degrees delete det diag diag_indices diag_indices_from diagflat
    diagonal diff digitize divide divmod dot double dsplit dstack dtype ediff1d eig eigh eigvals eigvalsh einsum
    einsum_path empty empty_like equal errstate exp exp2 expand_dims expm1 extract eye fabs fill_diagonal finfo fix
    flatiter flatnonzero flexible flip fliplr flipud float128 float16 float32 float64 float_power floating floor
    floor_divide fmax fmin fmod format_float_positional format_float_scientific frexp from_dlpack frombuffer
    fromfile fromfunction fromiter frompyfunc fromregex fromstring full full_like gcd generic genfromtxt geomspace
    get_include get_printoptions getbufsize geterr geterrcall gradient greater greater_equal half hamming hanning
    heaviside histogram histogram2d histogram_bin_edges histogramdd hsplit hstack hypot i0 identity iinfo imag
    indices inexact info inner insert int16 int32 int64 int8 int_ intc integer interp intersect1d intp inv invert
    is_busday isclose iscomplex iscomplexobj isdtype isfinite isfortran isin isinf isnan isnat isneginf isposinf
    isreal isrealobj isscalar issubdtype iterable ix_ kaiser kron lcm ldexp left_shift less less_equal lexsort
    linspace load loadtxt log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor
    logspace long longdouble longlong lstsq mask_indices matmul matrix matrix_norm matrix_power matrix_rank
    matrix_transpose matvec max maximum may_share_memory mean median memmap meshgrid min min_scalar_type minimum
    mintypecode mod modf moveaxis multi_dot multiply nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax
    nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndarray ndenumerate ndim ndindex
    nditer negative nested_iters nextafter nonzero norm not_equal number object_ ones ones_like outer packbits pad
    partition percentile permute_dims piecewise pinv place poly poly1d polyadd polyder polydiv polyfit polyint
    polymul polysub polyval positive pow power printoptions prod promote_types ptp put put_along_axis putmask qr
    quantile rad2deg radians ravel ravel_multi_index real real_if_close recarray reciprocal record remainder repeat
    require reshape resize result_type right_shift rint roll rollaxis roots rot90 round row_stack save savetxt savez
    savez_compressed searchsorted select set_printoptions setbufsize setdiff1d seterr seterrcall setxor1d shape
    shares_memory short show_config show_runtime sign signbit signedinteger sin sinc single sinh size slogdet solve
    sort sort_complex spacing split sqrt square squeeze stack std str_ subtract sum svd svdvals swapaxes take
    take_along_axis tan tanh tensordot tensorinv tensorsolve test tile timedelta64 trace transpose trapezoid tri
    tril tril_indices tril_indices_from trim_zeros triu triu_indices triu_indices_from true_divide trunc typename
    ubyte ufunc uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong union1d unique unique_all unique_counts
    unique_inverse unique_values unpackbits unravel_index unsignedinteger unstack unwrap ushort vander var vdot
    vecdot vecmat vector_norm vectorize void vsplit vstack where zeros zeros_like
"""

JAX = """
    AccuracyMode ConvDimensionNumbers DotAlgorithm DotAlgorithmPreset DotDimensionNumbers FftType
    GatherDimensionNumbers GatherScatterMode Precision RaggedDotDimensionNumbers RandomAlgorithm RoundingMethod
    ScatterDimensionNumbers Tolerance abs absolute acos acosh add after_all all all_gather all_to_all allclose amax
    amin angle any append apply_along_axis apply_over_axes approx_max_k approx_min_k arange arccos arccosh arcsin
    arcsinh arctan arctan2 arctanh argmax argmin argpartition argsort argwhere around array array_equal array_equiv
    array_repr array_split array_str asarray asin asinh associative_scan astype atan atan2 atanh atleast_1d
    atleast_2d atleast_3d average axis_index axis_size bartlett batch_matmul bessel_i0e bessel_i1e betainc bfloat16
    bincount bitcast_convert_type bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or
    bitwise_right_shift bitwise_xor blackman block bool bool_ broadcast broadcast_arrays broadcast_in_dim
    broadcast_like broadcast_shapes broadcast_to broadcast_to_rank broadcasted_iota can_cast cbrt cdouble ceil celu
    character choose clamp clip clz collapse column_stack complex complex128 complex64 complex_ complexfloating
    composite compress concat concatenate cond conj conjugate conv conv_dimension_numbers conv_general_dilated
    conv_general_dilated_local conv_general_dilated_patches conv_general_permutations conv_general_shape_tuple
    conv_shape_tuple conv_transpose conv_transpose_shape_tuple conv_with_general_padding convert_element_type
    convolve copy copysign corrcoef correlate cos cosh count_nonzero cov create_token cross csingle cumlogsumexp
    cummax cummin cumprod cumsum cumulative_prod cumulative_sum custom_linear_solve custom_root dce_sink deg2rad
    degrees delete diag diag_indices diag_indices_from diagflat diagonal diff digamma digitize div divide divmod dot
    dot_general dot_product_attention double dsplit dstack dtype dynamic_index_in_dim dynamic_slice
    dynamic_slice_in_dim dynamic_update_index_in_dim dynamic_update_slice dynamic_update_slice_in_dim ediff1d einsum
    einsum_path elu empty empty_like eq equal erf erf_inv erfc exp exp2 expand_dims expm1 extract eye fabs fft
    fill_diagonal finfo flatnonzero flexible flip fliplr flipud float16 float32 float4_e2m1fn float64 float6_e2m3fn
    float6_e3m2fn float8_e3m4 float8_e4m3 float8_e4m3b11fnuz float8_e4m3fn float8_e4m3fnuz float8_e5m2
    float8_e5m2fnuz float8_e8m0fnu float_ float_power floating floor floor_divide fmax fmin fmod fori_loop frexp
    from_dlpack frombuffer fromfile fromfunction fromiter frompyfunc fromstring full full_like gather gcd ge gelu
    generic geomspace get_printoptions get_scaled_dot_general_config glu gradient greater greater_equal gt hamming
    hanning hard_sigmoid hard_silu hard_swish hard_tanh heaviside histogram histogram2d histogram_bin_edges
    histogramdd hsplit hstack hypot i0 identity igamma igamma_grad_a igammac iinfo imag index_in_dim index_take
    indices inexact inner insert int1 int16 int2 int32 int4 int64 int8 int_ integer integer_pow interp intersect1d
    invert iota is_finite isclose iscomplex iscomplexobj isdtype isfinite isin isinf isnan isneginf isposinf isreal
    isrealobj isscalar issubdtype iterable ix_ kaiser kron lcm ldexp le leaky_relu left_shift less less_equal
    lexsort lgamma linspace load log log10 log1mexp log1p log2 log_sigmoid log_softmax logaddexp logaddexp2
    logical_and logical_not logical_or logical_xor logistic logmeanexp logspace logsumexp lt map mask_indices matmul
    matrix_transpose matvec max maximum mean median meshgrid min minimum minmax mish mod modf moveaxis mul mulhi
    multiply nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian nanmin nanpercentile
    nanprod nanquantile nanstd nansum nanvar ndarray ndim ne neg negative nextafter nonzero not_equal number object_
    one_hot one_minus_square ones ones_like optimization_barrier outer packbits pad padtype_to_pads partition
    pbroadcast pcast percentile permute_dims piecewise place platform_dependent pmax pmean pmin poly polyadd polyder
    polydiv polyfit polygamma polyint polymul polynomial polysub polyval population_count positive pow power
    ppermute printoptions prod promote_types pshuffle psum psum_scatter psum_scatter_start pswapaxes ptp put
    put_along_axis quantile rad2deg radians ragged_all_to_all ragged_dot ragged_dot_general random_gamma_grad ravel
    ravel_multi_index real reciprocal reduce reduce_and reduce_max reduce_min reduce_or reduce_precision reduce_prod
    reduce_sum reduce_window reduce_window_shape_tuple reduce_xor relu relu6 rem remainder repeat reshape resize
    result_type rev right_shift rint rng_bit_generator rng_uniform roll rollaxis roots rot90 round rsqrt save savez
    scaled_dot scaled_dot_general scaled_matmul scan scatter scatter_add scatter_apply scatter_max scatter_min
    scatter_mul scatter_sub searchsorted select select_n selu set_printoptions setdiff1d setxor1d shape
    shape_as_value shift_left shift_right_arithmetic shift_right_logical sigmoid sign signbit signedinteger silu sin
    sinc single sinh size slice slice_in_dim soft_sign softmax softplus sort sort_complex sort_key_val spacing
    sparse_plus sparse_sigmoid split sqrt square squareplus squeeze stack stage standardize std stop_gradient sub
    subtract sum swapaxes swish switch take take_along_axis tan tanh tensordot tile top_k trace transpose trapezoid
    tri tril tril_indices tril_indices_from trim_zeros triu triu_indices triu_indices_from true_divide trunc ufunc
    uint uint1 uint16 uint2 uint32 uint4 uint64 uint8 union1d unique unique_all unique_counts unique_inverse
    unique_values unpackbits unravel_index unsignedinteger unstack unwrap vander var vdot vecdot vecmat vectorize
    vsplit vstack where while_loop with_sharding_constraint zeros zeros_like zeta
"""

SCIPY_SPECIAL = """
    agm ai_zeros airy airye assoc_laguerre assoc_legendre_p assoc_legendre_p_all bdtr bdtrc bdtri bdtrik bdtrin bei
    bei_zeros beip beip_zeros ber ber_zeros bernoulli berp berp_zeros besselpoly beta betainc betaincc betainccinv
    betaincinv betaln bi_zeros binom boxcox boxcox1p btdtria btdtrib c_roots cbrt cg_roots chdtr chdtrc chdtri
    chdtriv chebyc chebys chebyt chebyu chndtr chndtridf chndtrinc chndtrix comb cosdg cosm1 cotdg dawsn digamma
    diric ellip_harm ellip_harm_2 ellip_normal ellipe ellipeinc ellipj ellipk ellipkinc ellipkm1 elliprc elliprd
    elliprf elliprg elliprj entr erf erf_zeros erfc erfcinv erfcx erfi erfinv errstate euler eval_chebyc eval_chebys
    eval_chebyt eval_chebyu eval_gegenbauer eval_genlaguerre eval_hermite eval_hermitenorm eval_jacobi eval_laguerre
    eval_legendre eval_sh_chebyt eval_sh_chebyu eval_sh_jacobi eval_sh_legendre exp1 exp10 exp2 expi expit expm1
    expn exprel factorial factorial2 factorialk fdtr fdtrc fdtri fdtridfd fresnel fresnel_zeros fresnelc_zeros
    fresnels_zeros gamma gammainc gammaincc gammainccinv gammaincinv gammaln gammasgn gdtr gdtrc gdtria gdtrib
    gdtrix gegenbauer genlaguerre geterr h1vp h2vp h_roots hankel1 hankel1e hankel2 hankel2e he_roots hermite
    hermitenorm huber hyp0f1 hyp1f1 hyp2f1 hyperu i0 i0e i1 i1e inv_boxcox inv_boxcox1p it2i0k0 it2j0y0 it2struve0
    itairy iti0k0 itj0y0 itmodstruve0 itstruve0 iv ive ivp j0 j1 j_roots jacobi jn jn_zeros jnjnp_zeros jnp_zeros
    jnyn_zeros js_roots jv jve jvp k0 k0e k1 k1e kei kei_zeros keip keip_zeros kelvin kelvin_zeros ker ker_zeros
    kerp kerp_zeros kl_div kn kolmogi kolmogorov kv kve kvp l_roots la_roots laguerre lambertw legendre legendre_p
    legendre_p_all lmbda log1p log_expit log_ndtr log_softmax log_wright_bessel loggamma logit logsumexp lpmv lqmn
    lqn mathieu_a mathieu_b mathieu_cem mathieu_even_coef mathieu_modcem1 mathieu_modcem2 mathieu_modsem1
    mathieu_modsem2 mathieu_odd_coef mathieu_sem modfresnelm modfresnelp modstruve multigammaln nbdtr nbdtrc nbdtri
    nbdtrik nbdtrin ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr nctdtridf nctdtrinc nctdtrit ndtr ndtri
    ndtri_exp nrdtrimn nrdtrisd obl_ang1 obl_ang1_cv obl_cv obl_cv_seq obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv
    owens_t p_roots pbdn_seq pbdv pbdv_seq pbvv pbvv_seq pbwa pdtr pdtrc pdtri pdtrik perm poch polygamma powm1
    pro_ang1 pro_ang1_cv pro_cv pro_cv_seq pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv ps_roots pseudo_huber psi
    radian rel_entr rgamma riccati_jn riccati_yn roots_chebyc roots_chebys roots_chebyt roots_chebyu
    roots_gegenbauer roots_genlaguerre roots_hermite roots_hermitenorm roots_jacobi roots_laguerre roots_legendre
    roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi roots_sh_legendre round s_roots seterr sh_chebyt sh_chebyu
    sh_jacobi sh_legendre shichi sici sinc sindg smirnov smirnovi softmax softplus spence sph_harm_y sph_harm_y_all
    sph_legendre_p sph_legendre_p_all spherical_in spherical_jn spherical_kn spherical_yn stdtr stdtridf stdtrit
    stirling2 struve t_roots tandg test tklmbda ts_roots u_roots us_roots voigt_profile wofz wright_bessel
    wrightomega xlog1py xlogy y0 y0_zeros y1 y1_zeros y1p_zeros yn yn_zeros ynp_zeros yv yve yvp zeta zetac
"""

SCIPY_STATS = """
    Binomial BootstrapMethod CensoredData Covariance Logistic Mixture MonteCarloMethod Normal PermutationMethod
    Uniform abs alexandergovern alpha anderson anderson_ksamp anglit ansari arcsine argus barnard_exact bartlett
    bayes_mvs bernoulli beta betabinom betanbinom betaprime binned_statistic binned_statistic_2d binned_statistic_dd
    binom binomtest boltzmann bootstrap boschloo_exact boxcox boxcox_llf boxcox_normmax boxcox_normplot bradford
    brunnermunzel burr burr12 bws_test cauchy chatterjeexi chi chi2 chi2_contingency chisquare circmean circstd
    circvar combine_pvalues cosine cramervonmises cramervonmises_2samp crystalball cumfreq describe dgamma
    differential_entropy directional_stats dirichlet dirichlet_multinomial dlaplace dpareto_lognorm dunnett dweibull
    ecdf energy_distance entropy epps_singleton_2samp erlang exp expectile expon exponnorm exponpow exponweib f
    f_oneway false_discovery_control fatiguelife fisher_exact fisk fit fligner foldcauchy foldnorm friedmanchisquare
    gamma gausshyper gaussian_kde genexpon genextreme gengamma genhalflogistic genhyperbolic geninvgauss genlogistic
    gennorm genpareto geom gibrat gmean gompertz goodness_of_fit gstd gumbel_l gumbel_r gzscore halfcauchy
    halfgennorm halflogistic halfnorm hmean hypergeom hypsecant invgamma invgauss invweibull invwishart iqr
    irwinhall jarque_bera jf_skew_t johnsonsb johnsonsu kappa3 kappa4 kendalltau kruskal ks_1samp ks_2samp ksone
    kstat kstatvar kstest kstwo kstwobign kurtosis kurtosistest landau laplace laplace_asymmetric levene levy levy_l
    levy_stable linregress lmoment log loggamma logistic loglaplace lognorm logrank logser loguniform lomax
    make_distribution mannwhitneyu matrix_normal matrix_t maxwell median_abs_deviation median_test mielke mode
    moment monte_carlo_test mood moyal multinomial multiscale_graphcorr multivariate_hypergeom multivariate_normal
    multivariate_t mvsdist nakagami nbinom ncf nchypergeom_fisher nchypergeom_wallenius nct ncx2 nhypergeom norm
    normal_inverse_gamma normaltest norminvgauss obrientransform order_statistic ortho_group page_trend_test pareto
    pearson3 pearsonr percentileofscore permutation_test planck pmean pointbiserialr poisson poisson_binom
    poisson_means_test power power_divergence powerlaw powerlognorm powernorm ppcc_max ppcc_plot probplot quantile
    quantile_test randint random_correlation random_table rankdata ranksums rayleigh rdist recipinvgauss reciprocal
    rel_breitwigner relfreq rice rv_continuous rv_discrete rv_histogram scoreatpercentile sem semicircular shapiro
    siegelslopes sigmaclip skellam skew skewcauchy skewnorm skewtest sobol_indices somersd spearmanr spearmanrho
    special_ortho_group studentized_range t test theilslopes tiecorrect tmax tmean tmin trapezoid triang trim1
    trim_mean trimboth truncate truncexpon truncnorm truncpareto truncweibull_min tsem tstd ttest_1samp ttest_ind
    ttest_ind_from_stats ttest_rel tukey_hsd tukeylambda tvar uniform uniform_direction unitary_group variation
    vonmises vonmises_fisher vonmises_line wald wasserstein_distance wasserstein_distance_nd weibull_max weibull_min
    weightedtau wilcoxon wishart wrapcauchy yeojohnson yeojohnson_llf yeojohnson_normmax yeojohnson_normplot
    yulesimon zipf zipfian zmap zscore
"""

SCIPY_LINALG = """
    bandwidth block_diag cdf2rdf cho_factor cho_solve cho_solve_banded cholesky cholesky_banded circulant
    clarkson_woodruff_transform companion convolution_matrix coshm cosm cossin det dft diagsvd eig eig_banded eigh
    eigh_tridiagonal eigvals eigvals_banded eigvalsh eigvalsh_tridiagonal expm expm_cond expm_frechet fiedler
    fiedler_companion find_best_blas_type fractional_matrix_power funm get_blas_funcs get_lapack_funcs hadamard
    hankel helmert hessenberg hilbert inv invhilbert invpascal ishermitian issymmetric khatri_rao ldl leslie logm
    lstsq lu lu_factor lu_solve matmul_toeplitz matrix_balance norm null_space ordqz orth orthogonal_procrustes
    pascal pinv pinvh polar qr qr_delete qr_insert qr_multiply qr_update qz rq rsf2csf schur signm sinhm sinm solve
    solve_banded solve_circulant solve_continuous_are solve_continuous_lyapunov solve_discrete_are
    solve_discrete_lyapunov solve_lyapunov solve_sylvester solve_toeplitz solve_triangular solveh_banded sqrtm
    subspace_angles svd svdvals tanhm tanm test toeplitz
"""

R = """
    AIC ARMAacf ARMAtoMA Arg BIC Box.test C Conj Cstack_info D DF2formula Encoding F Filter Find Gamma HoltWinters I
    IQR ISOdate ISOdatetime Im KalmanForecast KalmanLike KalmanRun KalmanSmooth LETTERS La.svd La_library La_version
    Map Mod NCOL NLSstAsymptotic NLSstClosestX NLSstLfAsymptote NLSstRtAsymptote NROW Negate NextMethod OlsonNames
    Ops.ordered PP.test Pair Position R.Version R.home R.version R.version.string RNGkind RNGversion
    R_system_version Re Recall Reduce SSD SSasymp SSasympOff SSasympOrig SSbiexp SSfol SSfpl SSgompertz SSlogis
    SSmicmen SSweibull StructTS Summary.ordered Sys.chmod Sys.getenv Sys.getlocale Sys.getpid Sys.glob Sys.info
    Sys.localeconv Sys.readlink Sys.setFileTime Sys.setLanguage Sys.setenv Sys.setlocale Sys.sleep Sys.time
    Sys.timezone Sys.umask Sys.unsetenv Sys.which T TukeyHSD UseMethod Vectorize abbreviate abs acf acf2AR acos
    acosh activeBindingFunction add.scope add1 addNA addTaskCallback addmargins aggregate agrep agrepl alias alist
    all all.equal all.equal.envRefClass all.equal.language all.equal.numeric all.equal.raw all.names all.vars
    allowInterrupts anova ansari.test any anyDuplicated anyDuplicated.array anyNA aov aperm append apply approx
    approxfun ar ar.burg ar.mle ar.ols ar.yw args arima arima.sim arima0 arima0.diag array arrayInd as.array as.call
    as.complex as.dendrogram as.dist as.double as.expression as.hclust as.name as.null as.numeric as.ordered
    as.package_version as.pairlist as.qr as.raw as.single as.stepfun as.symbol as.vector asNamespace
    asOneSidedFormula asS3 asS4 asin asinh asplit assign atan atan2 atanh attach attachNamespace attr attr.all.equal
    attributes autoload autoloader ave backsolve bandwidth.kernel bartlett.test baseenv basename besselI besselJ
    besselK besselY beta bindingIsActive bindingIsLocked bindtextdomain binom.test binomial biplot bitwAnd bitwNot
    bitwOr bitwShiftL bitwShiftR bitwXor body bquote break browser browserCondition browserSetDebug browserText
    builtins bw.SJ bw.bcv bw.nrd bw.nrd0 bw.ucv by bzfile c c.noquote c.warnings call callCC cancor capabilities
    case.names casefold cat cbind ccf ceiling char.expand charToRaw character charmatch chartr check_tzones
    chisq.test chkDots chol chol2inv choose class clearPushBack close close.connection close.srcfile
    close.srcfilealias closeAllConnections cmdscale coef coefficients col colMeans colSums colnames commandArgs
    comment complete.cases complex computeRestarts conditionCall conditionCall.condition conditionMessage
    conditionMessage.condition confint conflictRules conflicts constrOptim contr.SAS contr.helmert contr.poly
    contr.sum contr.treatment contrasts contributors convolve cooks.distance cophenetic cor cor.test cos cosh cospi
    cov cov.wt cov2cor covratio cpgram crossprod cummax cummin cumprod cumsum curlGetHeaders cut cutree cycle dQuote
    data.class date dbeta dbinom dcauchy dchisq debug debuggingState debugonce decompose default.stringsAsFactors
    delayedAssign delete.response deltat dendrapply density deparse deparse1 deriv deriv3 det detach determinant
    deviance dexp df df.kernel df.residual dfbeta dfbetas dffits dgamma dgeom dget dhyper diag diff diffinv difftime
    digamma dim dimnames dir dir.create dir.exists dirname dist dlnorm dlogis dmultinom dnbinom dnorm do.call
    dontCheck double dpois dput drop drop.scope drop.terms drop1 droplevels dsignrank dt dummy.coef dump dunif
    duplicated duplicated.array duplicated.warnings dweibull dwilcox dyn.load dyn.unload dynGet eapply ecdf
    eff.aovlist effects eigen embed emptyenv enc2native enc2utf8 encodeString end endsWith enquote env.profile
    environment environmentIsLocked environmentName errorCondition estVar eval eval.parent evalq exists exp
    expand.grid expm1 expression extSoftVersion extractAIC factanal factor factor.scope factorial family fft fifo
    file file.access file.append file.choose file.copy file.create file.exists file.info file.link file.mode
    file.mtime file.path file.remove file.rename file.show file.size file.symlink filter find.package findInterval
    findPackageEnv findRestart fisher.test fitted fitted.values fivenum fligner.test floor flush flush.connection
    for force forceAndCall formals format format.AsIs format.info format.libraryIQR format.packageInfo format.pval
    format.summaryDefault formatC formatDL formula forwardsolve frequency friedman.test ftable function gamma
    gaussian gc gc.time gcinfo gctorture gctorture2 get get0 getAllConnections getCall getCallingDLL getCallingDLLe
    getConnection getDLLRegisteredRoutines getDLLRegisteredRoutines.DLLInfo getElement getExportedValue getHook
    getInitial getLoadedDLLs getNamespace getNamespaceExports getNamespaceImports getNamespaceInfo getNamespaceName
    getNamespaceUsers getNamespaceVersion getNativeSymbolInfo getOption getRversion getSrcLines getTaskCallbackNames
    get_all_vars geterrmessage gettext gettextf getwd gl glm glm.control glm.fit globalCallingHandlers globalenv
    gregexec gregexpr grep grepRaw grepl grouping gsub gzcon gzfile hasTsp hat hatvalues hclust heatmap iconv
    iconvlist icuGetCollate icuSetCollate identical identity if ifelse importIntoEnv influence influence.measures
    infoRDS inherits intToBits intToUtf8 integer integrate interaction interaction.plot interactive intersect
    inverse.gaussian inverse.rle invisible invokeRestart invokeRestartInteractively is.R is.array is.atomic is.call
    is.complex is.double is.element is.empty.model is.expression is.finite is.infinite is.language is.leaf is.loaded
    is.mts is.na is.name is.nan is.null is.numeric is.object is.ordered is.package_version is.pairlist is.primitive
    is.qr is.raw is.recursive is.single is.stepfun is.symbol is.unsorted is.vector isBaseNamespace isFALSE
    isIncomplete isNamespace isNamespaceLoaded isOpen isRestart isS4 isSeekable isSymmetric isTRUE isa isatty
    isdebugged isoreg jitter julian kappa kappa.qr kernapply kernel kmeans knots kronecker kruskal.test ks.test
    ksmooth l10n_info labels lag lag.plot lapply lazyLoad lazyLoadDBexec lazyLoadDBfetch lbeta lchoose length
    lengths letters levels lfactorial lgamma libcurlVersion library library.dynam library.dynam.unload licence
    license line list list.dirs list.files list2DF list2env lm lm.fit lm.influence lm.wfit load loadNamespace
    loadedNamespaces loadingNamespaceInfo loadings local lockBinding lockEnvironment loess loess.control
    loess.smooth log log10 log1p log2 logLik logb logical loglin lower.tri lowess ls ls.diag ls.print lsfit mad
    mahalanobis make.link make.names make.unique makeARIMA makeActiveBinding makepredictcall manova mantelhaen.test
    mapply marginSums mat.or.vec match match.arg match.call match.fun matrix mauchly.test max max.col mcnemar.test
    mean median medpolish mem.maxNSize mem.maxVSize memCompress memDecompress memory.profile merge message mget min
    missing mode model.extract model.offset model.response model.weights month.abb month.name monthplot months
    mood.test mtfrm mvfft na.action na.contiguous na.exclude na.fail na.omit na.pass names namespaceExport
    namespaceImport namespaceImportClasses namespaceImportFrom namespaceImportMethods napredict naprint naresid
    nargs nchar ncol new.env next nextn ngettext nlevels nlm nlminb nls nls.control nobs noquote norm normalizePath
    nrow nullfile numToBits numToInts numeric numericDeriv numeric_version nzchar objects offset oldClass on.exit
    oneway.test open open.connection open.srcfile open.srcfilealias open.srcfilecopy optim optimHess optimise
    optimize options order order.dendrogram ordered outer p.adjust p.adjust.methods pacf packBits packageEvent
    packageHasNamespace packageNotFoundError packageStartupMessage package_version pairlist pairwise.prop.test
    pairwise.t.test pairwise.wilcox.test parent.env parse parseNamespaceFile paste paste0 path.expand path.package
    pbeta pbinom pbirthday pcauchy pchisq pcre_config pexp pf pgamma pgeom phyper pi pipe plclust plnorm plogis plot
    plot.ecdf plot.spec.coherency plot.spec.phase plot.stepfun pmatch pmax pmax.int pmin pmin.int pnbinom pnorm
    poisson poisson.test poly polym polyroot pos.to.env power power.anova.test power.prop.test power.t.test ppoints
    ppois ppr prcomp predict preplot pretty prettyNum princomp print print.AsIs print.DLLInfo print.DLLInfoList
    print.DLLRegisteredRoutines print.Dlist print.NativeRoutineList print.by print.condition print.connection
    print.eigen print.libraryIQR print.noquote print.packageInfo print.proc_time print.restart print.rle
    print.srcfile print.srcref print.summary.warnings print.summaryDefault print.warnings printCoefmat prmatrix
    proc.time prod profile proj promax prop.test prop.trend.test proportions provideDimnames psigamma psignrank
    psmirnov pt ptukey punif pushBack pushBackLength pweibull pwilcox q qbeta qbinom qbirthday qcauchy qchisq qexp
    qf qgamma qgeom qhyper qlnorm qlogis qnbinom qnorm qpois qqline qqnorm qqplot qr qr.Q qr.R qr.X qr.coef
    qr.fitted qr.qty qr.qy qr.resid qr.solve qsignrank qsmirnov qt qtukey quade.test quantile quarters quasi
    quasibinomial quasipoisson quit qunif quote qweibull qwilcox r2dtable rWishart range rank rapply raw
    rawConnection rawConnectionValue rawShift rawToBits rawToChar rbeta rbind rbinom rcauchy rchisq rcond read.dcf
    read.ftable readBin readChar readLines readRDS readRenviron readline rect.hclust reformulate reg.finalizer
    regexec regexpr registerS3method registerS3methods regmatches relevel remove removeTaskCallback reorder rep
    rep.int rep_len repeat replace replicate replications require requireNamespace reshape resid residuals
    restartDescription restartFormals retracemem return returnValue rev rexp rf rgamma rgeom rhyper rle rlnorm
    rlogis rm rmultinom rnbinom rnorm round row row.names rowMeans rowSums rownames rowsum rpois rsignrank rsmirnov
    rstandard rstudent rt runif runmed rweibull rwilcox sQuote sample sample.int sapply save save.image saveRDS
    scale scan scatter.smooth screeplot sd se.contrast search searchpaths seek seek.connection selfStart seq seq.int
    seq_along seq_len sequence serialize serverSocket set.seed setHook setNames setNamespaceInfo setSessionTimeLimit
    setTimeLimit setdiff setequal setwd shQuote shapiro.test showConnections sigma sign signalCondition signif
    simpleCondition simpleError simpleMessage simpleWarning simplify2array simulate sin single sinh sink sink.number
    sinpi slice.index smooth smooth.spline smoothEnds socketAccept socketConnection socketSelect socketTimeout solve
    solve.qr sort sort.int sortedXyData source spec.ar spec.pgram spec.taper spectrum spline splinefun splinefunH
    split sprintf sqrt srcfile srcfilealias srcfilecopy srcref standardGeneric start startsWith stat.anova stderr
    stdin stdout step stepfun stl stop stopifnot storage.mode str2expression str2lang strftime strptime strrep
    strsplit strtoi strtrim structure strwrap sub subset substitute substr substring sum summary summary.aov
    summary.connection summary.manova summary.proc_time summary.srcfile summary.srcref summary.stepfun
    summary.warnings suppressMessages suppressPackageStartupMessages suppressWarnings supsmu suspendInterrupts svd
    sweep switch symnum sys.call sys.calls sys.load.image sys.nframe sys.on.exit sys.parent sys.parents
    sys.save.image sys.source sys.status system system.file system.time system2 t t.test table tabulate tan tanh
    tanpi tapply taskCallbackManager tcrossprod tempdir tempfile termplot terms textConnection textConnectionValue
    time toString toeplitz tolower topenv toupper trace traceback tracemem tracingState transform trigamma trimws
    trunc truncate truncate.connection try tryCatch tryInvokeRestart ts ts.intersect ts.plot ts.union tsSmooth
    tsdiag tsp typeof unclass undebug union unique unique.array unique.warnings uniroot units unix.time unlink
    unlist unloadNamespace unlockBinding unname unserialize unsplit untrace untracemem unz update upper.tri url
    utf8ToInt validEnc validUTF8 vapply var var.test variable.names varimax vcov vector version warning
    warningCondition warnings weekdays weighted.mean weighted.residuals weights which which.max which.min while
    wilcox.test window with withAutoprint withCallingHandlers withRestarts withVisible within write write.dcf
    write.ftable writeBin writeChar writeLines xor xtabs xtfrm xtfrm.AsIs xzfile zapsmall
"""

TORCH = """
    abs absolute acos acosh adaptive_avg_pool1d add addbmm addcdiv addcmul addmm addmv addr adjoint airy_ai all
    allclose alpha_dropout amax amin aminmax angle any arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh
    argmax argmin argsort argwhere as_strided as_tensor asin asinh atan atan2 atanh atleast_1d atleast_2d atleast_3d
    avg_pool2d baddbmm bartlett_window batch_norm bernoulli bessel_j0 bessel_j1 bessel_y0 bessel_y1
    binary_cross_entropy binary_cross_entropy_with_logits bincount bitwise_and bitwise_not bitwise_or bitwise_xor
    blackman_window block_diag bmm broadcast_tensors broadcast_to bucketize cartesian_prod cat cdist ceil celu
    chain_matmul channel_shuffle cholesky cholesky_inverse cholesky_solve chunk clamp clamp_max clamp_min clip clone
    column_stack combinations complex concat concatenate conj constant_pad_nd conv1d conv2d conv3d copysign corrcoef
    cos cosh cosine_embedding_loss cosine_similarity count_nonzero cov cross cross_entropy ctc_loss cummax cummin
    cumprod cumsum cumulative_trapezoid deg2rad dequantize det detach diag diag_embed diagflat diagonal
    diagonal_scatter diff digamma dist div divide dot dropout dsplit dstack einsum elu embedding empty empty_like
    entr eq equal erf erfc erfcx erfinv exp exp2 expand_copy expit expm1 eye feature_alpha_dropout feature_dropout
    finfo fix flatten flip fliplr flipud float_power floor floor_divide fmax fmin fmod fold frac
    fractional_max_pool2d frexp from_numpy full full_like gammainc gammaincc gammaln gather gaussian_nll_loss gcd ge
    gelu geqrf ger glu gradient greater greater_equal grid_sample grid_sampler group_norm gt gumbel_softmax
    hamming_window hann_window hardshrink hardsigmoid hardswish hardtanh heaviside hinge_embedding_loss histc
    histogram hsplit hspmm hstack huber_loss hypot i0 i0e i1 i1e igamma igammac imag index_add index_copy index_fill
    index_put index_reduce index_select inner instance_norm interpolate inverse is_complex is_floating_point
    is_nonzero isclose isfinite isin isinf isnan isneginf isposinf isreal istft kaiser_window kl_div kron kthvalue
    l1_loss layer_norm lcm ldexp le leaky_relu lerp less less_equal lgamma linear linspace local_response_norm log
    log10 log1p log2 log_ndtr log_softmax logaddexp logaddexp2 logcumsumexp logdet logical_and logical_not
    logical_or logical_xor logit logsigmoid logspace logsumexp lp_pool1d lstm lt lu lu_solve lu_unpack
    margin_ranking_loss masked_fill masked_scatter masked_select matmul matrix_exp matrix_power max max_pool1d
    maximum mean median meshgrid min minimum mish mm mode modified_bessel_i0 modified_bessel_i1 modified_bessel_k0
    moveaxis movedim mse_loss msort mul multi_margin_loss multigammaln multilabel_margin_loss multinomial multiply
    mv mvlgamma nan_to_num nanmean nanmedian nanquantile nansum narrow narrow_copy native_norm ndtr ndtri ne neg
    negative nextafter nll_loss nonzero norm normal normalize not_equal nuclear_norm numel one_hot ones ones_like
    orgqr ormqr outer pad pairwise_distance pca_lowrank pdist permute pinverse pixel_shuffle poisson
    poisson_nll_loss polar polygamma positive pow prelu prod promote_types psi put qr quantile rad2deg rand
    rand_like randint randn randperm range ravel real reciprocal relu relu6 remainder renorm repeat_interleave
    reshape resize_as_ resolve_conj result_type rms_norm roll rot90 round row_stack rrelu rsqrt rsub saddmm
    scalar_tensor scaled_dot_product_attention scaled_modified_bessel_k0 scatter scatter_add scatter_reduce
    searchsorted segment_reduce select select_scatter selu sgn sigmoid sign signbit silu sin sinc sinh slice_copy
    slice_scatter slogdet smm smooth_l1_loss soft_margin_loss softmax softmin softplus softshrink softsign sort
    spherical_bessel_j0 split sqrt square squeeze sspaddmm stack std std_mean stft sub subtract sum svd svd_lowrank
    swapaxes swapdims symeig t take take_along_dim tan tanh tanhshrink tensor tensor_split tensordot threshold tile
    topk trace transpose trapezoid trapz triangular_solve tril tril_indices triplet_margin_loss triu triu_indices
    true_divide trunc unbind unflatten unfold unfold_copy unique unique_consecutive unsqueeze upsample vander var
    var_mean vdot view_as_complex view_as_real vmap vsplit vstack where xlog1py xlogy zeros zeros_like zeta
"""

TENSORFLOW = """
    abs accumulate_n acos acosh add add_n adjoint angle argmax argmin asin asinh atan atan2 atanh avg_pool band_part
    bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc bias_add bincount cast ceil cholesky clip_by_norm
    clip_by_value concat cond confusion_matrix conj constant conv2d convert_to_tensor cos cosh count_nonzero crelu
    cross cumprod cumsum cumulative_logsumexp det diag diag_part digamma divide divide_no_nan dropout einsum elu
    embedding_lookup equal erf erfc erfcinv erfinv exp expand_dims expm1 eye fill floor floordiv floormod gather
    gather_nd gelu global_norm greater greater_equal identity igamma igammac imag in_top_k inv invert_permutation
    is_finite is_inf is_nan is_non_decreasing l2_loss l2_normalize lbeta leaky_relu less less_equal lgamma linspace
    log log1p log_sigmoid log_softmax logdet logical_and logical_not logical_or logical_xor lstsq matmul
    matrix_inverse matrix_solve matrix_transpose matvec maximum meshgrid minimum mod moments multiply
    multiply_no_nan ndtri negative nextafter norm not_equal one_hot ones ones_like pad pinv polygamma polyval pow
    range rank real reciprocal reciprocal_no_nan reduce_all reduce_any reduce_euclidean_norm reduce_logsumexp
    reduce_max reduce_mean reduce_min reduce_prod reduce_std reduce_sum reduce_variance relu relu6 reshape reverse
    rint roll round rsqrt scalar_mul scan scatter_nd segment_max segment_mean segment_sum selu set_diag shape
    sigmoid sign silu sin sinh size slice slogdet sobol_sample softmax softplus softsign solve special split sqrt
    square squared_difference squeeze stack stop_gradient subtract svd swish tan tanh tensor_diag tensordot tile
    top_k trace transpose triangular_solve truediv unique unsorted_segment_sum unstack where while_loop xdivy
    xlog1py xlogy zero_fraction zeros zeros_like zeta
"""

MATLAB = """
    abs accumarray acos acosd acosh acot acotd acoth acsc acscd acsch airy all angle any arrayfun asec asecd asech
    asin asind asinh atan atan2 atan2d atand atanh besselh besseli besselj besselk bessely beta betacdf betainc
    betaincinv betaln betapdf binopdf bitand bitor blkdiag bsxfun cat ceil cell cell2mat cellfun chi2cdf chol
    circshift colon compan compet complex cond conj conv conv2 convn corrcoef cos cosd cosh cosint cospi cot cotd
    coth cov cplxpair cross csc cscd csch ctranspose cummax cummin cumprod cumsum cumtrapz cylinder deal deconv
    deg2rad del2 det detrend diag diff disp dot double eig ellipj ellipke end eps erf erfc erfcinv erfcx erfinv exp
    expint expm expm1 exppdf eye factor factorial false feval fft fft2 fieldnames filter find fix flip fliplr flipud
    floor fminbnd fminsearch fprintf full func2str fzero gamcdf gamma gammainc gammaincinv gammaln gampdf gcd
    gradient hadamard hankel hardlim hess hilb histc horzcat hypot idivide ifft imag ind2sub inf int16 int32
    integral integral2 interp1 interp2 intersect inv invhilb ipermute isempty isequal isfinite isinf ismember isnan
    isnumeric isprime isreal issorted kron lcm ldivide legendre length linsolve linspace log log10 log1p log2
    logical logm logncdf lognpdf logsig logspace lscov lsqnonneg lu magic max mean median meshgrid min minus
    mldivide mod mode movmean mpower mrdivide mtimes mvnpdf nan nanmean nanstd nansum nchoosek ndgrid ndims nnz norm
    normcdf normest norminv normpdf not nthroot null num2cell num2str numel ode45 ones orth padarray pascal perms
    permute pi pinv planerot plus poisspdf pol2cart poly polyder polyeig polyfit polyint polyval polyvalm pow2 power
    primes prod psi purelin qr quadgk quiver qz rad2deg radbas rand randi randn randperm range rank rat rdivide real
    reallog realmax realmin realpow realsqrt rem repmat reshape residue roots rosser rot90 round rref rsf2csf satlin
    schur sec secd sech sign sin sind single sinh sinint sinpi size softmax sort sph2cart sqrt sqrtm squeeze std
    strcat sub2ind subspace subsref sum svd sylvester tan tand tanh tansig tcdf tic times toc toeplitz tpdf trace
    transpose trapz tril triplequad triu true uminus unifpdf union unique unwrap uplus vander var vertcat wblpdf
    wilkinson xor zeros zscore
"""
